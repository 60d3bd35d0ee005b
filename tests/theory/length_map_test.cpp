// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/length_map.h"

#include <gtest/gtest.h>

#include <cmath>

#include "plumb/core/error.h"
#include "plumb/theory/fixed_points.h"
#include "tests/theory/near.h"

namespace plumb::theory {
namespace {

struct Row {
  const char* name;
  double weight_std;
  int layers;
  double q, growth, tolerance;
};

// Classical initialisers without bias from q_0 = 1, by another program (a trapezoid rule of step
// 1/256 in z). That program gives 1.342325e7 for the growth in the last row, where its step is ten
// units of x wide and passes over the bend of gelu; mpmath gives 1.353084060e7, which stands here.
TEST(LengthMapTest, ClassicalInitialisers) {
  const double he = std::sqrt(2.0), gain = 5.0 / 3;
  const Row rows[] = {{"tanh", 1, 10, 5.220008e-2, 7.136973e-2, 1e-7},
                      {"tanh", 1, 50, 1.021933e-2, 1.433477e-2, 5e-7},
                      {"tanh", he, 10, 0.6186243, 1.910449, 3e-7},
                      {"tanh", he, 50, 0.6179648, 1.055816e2, 5e-7},
                      {"tanh", gain, 50, 1.178480, 1.535971e4, 5e-7},
                      {"sigmoid", 1, 10, 0.2646869, 2.295390e-13, 3e-7},
                      {"sigmoid", 1, 50, 0.2646869, 1.590454e-63, 4e-7},
                      {"sigmoid", he, 10, 0.5552896, 9.686882e-11, 1e-7},
                      {"sigmoid", he, 50, 0.5552896, 1.429211e-50, 4e-7},
                      {"sigmoid", gain, 50, 0.7962961, 6.945578e-45, 1e-7},
                      {"relu", 1, 50, std::pow(2.0, -50), std::pow(2.0, -50), 1e-12},
                      {"relu", he, 50, 1, 1, 1e-12},
                      {"relu", gain, 50, 1.359487e7, 1.359487e7, 4e-7},
                      {"gelu", 1, 10, 3.312612e-6, 4.157854e-6, 2e-7},
                      {"gelu", 1, 50, 2.740e-30, 3.439e-30, 2e-4},
                      {"gelu", he, 10, 2.925629e-2, 5.331519e-2, 2e-7},
                      {"gelu", he, 50, 2.971e-14, 5.608e-14, 2e-4},
                      {"gelu", gain, 50, 6.438781e6, 1.353084e7, 4e-7}};
  for (const Row& row : rows) {
    const LengthChain chain =
        iterate_chain(make_activation(row.name), {row.weight_std, 0}, 1, row.layers);
    EXPECT_REL(chain.q.back(), row.q, row.tolerance) << row.name << row.weight_std << row.layers;
    EXPECT_REL(chain.growth.back(), row.growth, row.tolerance)
        << row.name << row.weight_std << row.layers;
  }
}

// tanh at its critical point decays as a power of depth.
TEST(LengthMapTest, CriticalTanhDecaysAsOneOverDepth) {
  const LengthChain chain = iterate_chain(make_activation("tanh"), {1, 0}, 1, 10000);
  EXPECT_NEAR(chain.q[10], 0.05220008278703, 1e-14);
  EXPECT_NEAR(chain.growth[10], 0.07136972910627, 1e-14);
  EXPECT_REL(chain.q[100], 5.069019200e-3, 2e-10);
  EXPECT_REL(chain.growth[100], 7.134253153e-3, 2e-10);
  EXPECT_REL(chain.q[1000], 5.011639105e-4, 2e-10);
  EXPECT_REL(chain.growth[1000], 7.074820504e-4, 2e-10);
  EXPECT_REL(chain.q[10000], 5.001641702e-5, 2e-10);
  EXPECT_REL(chain.growth[10000], 7.062829472e-5, 2e-10);
}

// torch.nn.Linear's start at 256 inputs: U(+-1/sqrt(256)) for weight and bias.
TEST(LengthMapTest, PyTorchsDefaultStartLosesTheGradientEverywhere) {
  const struct {
    const char* name;
    double chi1, root;
  } rows[] = {{"relu", 0.166666667, 0.408248},    {"tanh", 0.332042559, 0.576231},
              {"sigmoid", 0.019995815, 0.141407}, {"gelu", 0.083633983, 0.289195},
              {"silu", 0.083451548, 0.288880},    {"elu", 0.322287877, 0.567704}};
  const InitScale scale{std::sqrt(1.0 / 3), std::sqrt(1.0 / (3 * 256))};
  for (const auto& row : rows) {
    const FixedPoint point = reached_length(MomentGrid(make_activation(row.name)), scale);
    EXPECT_NEAR(point.chi1, row.chi1, 6e-10) << row.name;
    EXPECT_NEAR(std::sqrt(point.chi1), row.root, 6e-7) << row.name;
  }
}

TEST(LengthMapTest, SlopeIsTheDerivative) {
  for (const char* name : {"tanh", "gelu", "hardtanh", "selu", "elu 1.5", "softsign"}) {
    const ActivationFunction f = make_activation(name);
    const InitScale scale{1.3, 0.2};
    const double q = 1.7, h = 1e-4;
    const double difference =
        (length_step(f, scale, q + h).next - length_step(f, scale, q - h).next) / (2 * h);
    EXPECT_NEAR(length_step(f, scale, q).slope, difference, 1e-8) << name;
  }
}

TEST(LengthMapTest, RefusesScalesThatAreNone) {
  EXPECT_THROW(check_scale({-1, 0}), SpecError);
  EXPECT_THROW(check_scale({1, INFINITY}), SpecError);
  EXPECT_THROW(check_scale({NAN, 0}), SpecError);
}

}  // namespace
}  // namespace plumb::theory
