// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/critical.h"

#include <gtest/gtest.h>

#include <cmath>

#include "plumb/core/error.h"
#include "tests/theory/near.h"

namespace plumb::theory {
namespace {

struct Row {
  double bias_std, weight_std, q;
  bool stable;
  double digits;  // relative accuracy of what is listed
};

void expect_line(const char* name, std::initializer_list<Row> rows) {
  const MomentGrid grid(make_activation(name));
  for (const Row& row : rows) {
    const auto points = critical_points(grid, row.bias_std);
    ASSERT_EQ(points.size(), 1U) << name << " " << row.bias_std;
    EXPECT_REL(points[0].scale.weight_std, row.weight_std, row.digits) << name << row.bias_std;
    if (row.q >= 0) {
      EXPECT_NEAR(points[0].q, row.q, 6e-11 * std::max(1.0, row.q)) << name << row.bias_std;
    }
    EXPECT_EQ(points[0].stable, row.stable) << name << row.bias_std;
  }
}

// By another program (q on a fine grid, then bisection); many rows also with mpmath.
TEST(CriticalTest, EdgeOfChaos) {
  expect_line("tanh", {{0, 1, 0, true, 1e-14},
                       {0.05, 1.1225390048, .1536919358, true, 5e-11},
                       {0.1, 1.1934007250243, .2733009135, true, 5e-14},
                       {0.2, 1.3041458400565, .5120785042, true, 5e-14},
                       {0.3, 1.3955839751549, .7634747669, true, 5e-14},
                       {0.5, 1.5496739125082, 1.3179389990, true, 5e-14},
                       {1.0, 1.8555891011389, 3.0363963946, true, 5e-14}});
  expect_line("elu", {{0, 1, 0, true, 1e-14},
                      {0.05, 1.1318697863, .1891736330, true, 5e-11},
                      {0.1, 1.1761484737, .4378292301, true, 5e-11},
                      {0.2, 1.2292511241, 1.1069305403, true, 5e-11},
                      {0.3, 1.2631078451, 2.0345384648, true, 5e-11},
                      {0.5, 1.3061116729, 4.8866265208, true, 5e-11},
                      {1.0, 1.3579771772, 21.7775499223, true, 5e-11}});
  expect_line("gelu", {{0, 2, 0, false, 1e-14},
                       {0.05, 1.8519027850, .0751732373, false, 5e-11},
                       {0.1, 1.7270782753, .1834831931, false, 5e-11},
                       {0.2, 1.5470094704, .5756371166, false, 5e-11},
                       {0.3, 1.4504704099, 1.4248745906, false, 5e-11},
                       {0.5, 1.3998682164, 6.4341024867, true, 5e-11},
                       {1.0, 1.4059445268, 82.3127791664, true, 5e-11}});
  expect_line("sigmoid", {{0, 10.1492637100, 45.6242777974, true, 5e-12},
                          {0.05, 10.1495619734, -1, true, 5e-12},
                          {0.1, 10.1504564807, 45.6463307836, true, 5e-12},
                          {0.2, 10.1540302742, -1, true, 5e-12},
                          {0.3, 10.1599716072, -1, true, 5e-12},
                          {0.5, 10.1788595510, -1, true, 5e-12},
                          {1.0, 10.2649929361, 47.8004841076, true, 5e-12}});
}

TEST(CriticalTest, SlopesInTheLength) {
  const struct {
    const char* name;
    double bias_std, slope;
    bool stable;
  } rows[] = {{"gelu", 0.2, 1.095040638, false}, {"silu", 0.2, 1.098727804, false},
              {"silu", 0.5, 1.045882915, false}, {"gelu", 0.5, 0.985871668, true},
              {"silu", 1.0, 0.986677470, true},  {"tanh", 0.2, 0.542564264, true}};
  for (const auto& row : rows) {
    const auto points = critical_points(MomentGrid(make_activation(row.name)), row.bias_std);
    ASSERT_EQ(points.size(), 1U) << row.name;
    EXPECT_NEAR(points[0].slope, row.slope, 6e-10) << row.name << row.bias_std;
    EXPECT_EQ(points[0].stable, row.stable) << row.name << row.bias_std;
  }
}

TEST(CriticalTest, ReluHasOnePointAlone) {
  const MomentGrid grid(make_activation("relu"));
  const auto points = critical_points(grid, 0);
  ASSERT_EQ(points.size(), 1U);
  EXPECT_REL(points[0].scale.weight_std, std::sqrt(2.0), 1e-14);
  EXPECT_TRUE(points[0].stable);
  EXPECT_TRUE(critical_points(grid, 0.1).empty());
  const auto leaky = critical_points(MomentGrid(make_activation("leaky_relu 0.2")), 0);
  ASSERT_EQ(leaky.size(), 1U);
  EXPECT_REL(leaky[0].scale.weight_std, std::sqrt(2 / 1.04), 1e-13);
}

TEST(CriticalTest, SoftplusHasNone) {
  const MomentGrid grid(make_activation("softplus"));
  for (const double bias_std : {0.0, 0.1, 1.0})
    EXPECT_TRUE(critical_points(grid, bias_std).empty());
}

// E sin^2 = (1 - e^-2q) / 2 in closed form: at bias_std = 1 the weight variance is q*.
TEST(CriticalTest, SineInClosedForm) {
  const ActivationFunction sine{"sin",
                                [](double x) { return std::sin(x); },
                                [](double x) { return std::cos(x); },
                                [](double x) { return -std::sin(x); },
                                {}};
  for (const double q : {0.1, 0.5, 1.0, 2.0}) {
    const CriticalPoint point = critical_point_at(sine, q);
    EXPECT_REL(std::pow(point.scale.weight_std, 2), 2 / (1 + std::exp(-2 * q)), 1e-12);
    EXPECT_REL(std::pow(point.scale.bias_std, 2), q - std::tanh(q), 1e-10);
  }
}

// Pennington, Schoenholz, Ganguli 2017 print (1.05, 2.01e-5; q* 0.0259) and (2, 0.104; 0.8214).
TEST(CriticalTest, PrintedPointsOfTanh) {
  const struct {
    double weight_var, bias_var, q;
  } rows[] = {{1.05, 2.010521339e-5, 0.0259209482}, {2, 0.1037798052, 0.8213544265}};
  const MomentGrid grid(make_activation("tanh"));
  for (const auto& row : rows) {
    const CriticalPoint point = critical_point_at(grid.activation(), row.q);
    EXPECT_REL(std::pow(point.scale.weight_std, 2), row.weight_var, 3e-9);
    EXPECT_REL(std::pow(point.scale.bias_std, 2), row.bias_var, 1e-8);
    const auto points = critical_points(grid, std::sqrt(row.bias_var));
    ASSERT_EQ(points.size(), 1U);
    EXPECT_REL(points[0].q, row.q, 2e-9);
  }
}

// Hayou, Doucet, Rousseau 2019 print ELU (0.2, 1.227) and tanh (0.2, 1.302), from samples: 0.2%
// low.
TEST(CriticalTest, PrintedPointsFromSamples) {
  const double elu = critical_points(MomentGrid(make_activation("elu")), 0.2)[0].scale.weight_std;
  EXPECT_NEAR(elu, 1.227, 0.0025);
  const double tanh = critical_points(MomentGrid(make_activation("tanh")), 0.2)[0].scale.weight_std;
  EXPECT_NEAR(tanh, 1.302, 0.0025);
  EXPECT_NEAR(tanh * tanh, 1.700796, 6e-7);
  const double silu = critical_points(MomentGrid(make_activation("silu")), 0.2)[0].scale.weight_std;
  EXPECT_NEAR(silu * silu, 2.820826, 6e-7);
}

// Roberts, Yaida, Hanin 2022: chi1 and the slope are both 1. K* of GELU is (3 + sqrt 17) / 2. Of
// the bias variance of SWISH several public programs carry a tenth; the print of C_W is right.
TEST(CriticalTest, HalfStablePoints) {
  const auto gelu = half_stable_points(MomentGrid(make_activation("gelu")));
  ASSERT_EQ(gelu.size(), 1U);
  EXPECT_REL(gelu[0].q, (3 + std::sqrt(17.0)) / 2, 1e-12);
  EXPECT_REL(std::pow(gelu[0].scale.weight_std, 2), 1.983058257437547, 1e-13);
  EXPECT_REL(std::pow(gelu[0].scale.bias_std, 2), 0.172922390756067, 1e-12);
  const auto silu = half_stable_points(MomentGrid(make_activation("silu")));
  ASSERT_EQ(silu.size(), 1U);
  EXPECT_REL(silu[0].q, 14.3201736180258, 1e-12);
  EXPECT_REL(std::pow(silu[0].scale.weight_std, 2), 1.988004678269492, 1e-13);
  EXPECT_REL(std::pow(silu[0].scale.bias_std, 2), 0.555143170721530, 1e-12);
  EXPECT_TRUE(half_stable_points(MomentGrid(make_activation("tanh"))).empty());
}

TEST(CriticalTest, RefusesANegativeBias) {
  EXPECT_THROW(critical_points(MomentGrid(make_activation("tanh")), -1), SpecError);
}

}  // namespace
}  // namespace plumb::theory
