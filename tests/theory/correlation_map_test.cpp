// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/correlation_map.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <numbers>
#include <string>

#include "plumb/core/error.h"
#include "plumb/theory/critical.h"
#include "plumb/theory/fixed_points.h"
#include "plumb/theory/moments.h"
#include "tests/theory/near.h"

namespace plumb::theory {
namespace {

using std::numbers::pi;

// By the series in Hermite polynomials, mpmath at 30 digits.
TEST(CorrelationMapTest, PairMeansAgreeWithMpmath) {
  std::ifstream file(PLUMB_TEST_DIR "/theory/golden/pairs.txt");
  std::string line;
  int lines = 0;
  while (std::getline(file, line)) {
    if (line.starts_with("#")) continue;
    const std::size_t a = line.find(" | "), b = line.find(" | ", a + 3),
                      c = line.find(" | ", b + 3);
    const ActivationFunction f = make_activation(line.substr(0, a));
    const double q = std::stod(line.substr(a + 3)), correlation = std::stod(line.substr(b + 3));
    const double expected = std::stod(line.substr(c + 3));
    EXPECT_NEAR(pair_mean(f, q, correlation, false), expected, 1e-12 * moments(f, q).value2)
        << line;
    ++lines;
  }
  EXPECT_EQ(lines, 7 * 2 * 3);
}

// erf has closed forms for any length and correlation (Williams 1997).
TEST(CorrelationMapTest, ErfInClosedForm) {
  const ActivationFunction f{"erf",
                             [](double x) { return std::erf(x); },
                             [](double x) { return 2 / std::sqrt(pi) * std::exp(-x * x); },
                             [](double x) { return -4 * x / std::sqrt(pi) * std::exp(-x * x); },
                             {}};
  for (const double q : {1e-20, 0.1, 1.0, 45.0, 5000.0}) {
    for (const double c : {-1.0, -0.9, 0.0, 0.4, 0.99, 0.999999, 1.0}) {
      const double a = 2 * q / (1 + 2 * q);
      const double scale = 2 / pi * std::asin(a);
      EXPECT_NEAR(pair_mean(f, q, c, false), 2 / pi * std::asin(a * c), 1e-12 * scale)
          << q << " " << c;
      const double slope = 4 / pi / std::sqrt((1 + 2 * q * (1 - c)) * (1 + 2 * q * (1 + c)));
      EXPECT_REL(pair_mean(f, q, c, true), slope, 1e-11) << q << " " << c;
    }
  }
}

// The arc-cosine kernels (Cho and Saul 2009).
TEST(CorrelationMapTest, ReluInClosedForm) {
  const CorrelationMap map(make_activation("relu"), {std::sqrt(2.0), 0}, 2.5);
  for (const double c : {-1.0, -0.99, -0.3, 0.0, 0.2, 0.8, 0.9999}) {
    const double angle = std::acos(c);
    EXPECT_NEAR(map.correlation(c), (std::sin(angle) + c * (pi - angle)) / pi, 1e-13) << c;
    EXPECT_NEAR(map.slope(1 - c), 1 - angle / pi, 1e-13) << c;
  }
  // Near 1 as a distance: with the angle from d itself, so that it keeps its digits.
  for (const double d : {1e-4, 1e-8, 1e-12}) {
    const double angle = 2 * std::asin(std::sqrt(d / 2));
    const double cube = std::pow(angle, 3);  // D = d - (sin - angle cos) / pi
    const double exact = d - cube * (1.0 / 3 - angle * angle / 30 + std::pow(angle, 4) / 840) / pi;
    EXPECT_REL(map.distance(d), exact, 1e-12 + 1e-17 / std::sqrt(d)) << d;
  }
}

// From orthogonal inputs, by another program; (1 - c_l) l^2 tends to 9 pi^2 / 2.
TEST(CorrelationMapTest, ReluForgetsItsInputsAsAPowerOfDepth) {
  const CorrelationMap map(make_activation("relu"), {std::sqrt(2.0), 0}, 1);
  const std::map<int, double> expected{{1, .318309886184},  {2, .493731090200},
                                       {3, .604825720113},  {5, .735946350628},
                                       {10, .871535516022}, {100, .996423146684}};
  double d = 1;
  for (int layer = 1; layer <= 100; ++layer) {
    d = map.distance(d);
    if (expected.contains(layer)) {
      EXPECT_NEAR(1 - d, expected.at(layer), 6e-13) << layer;
    }
  }
}

TEST(CorrelationMapTest, SlopeIsTheDerivativeOfTheMap) {
  for (const char* name : {"tanh", "hardtanh", "elu 1.5", "softsign"}) {
    const MomentGrid grid(make_activation(name));
    const InitScale scale{1.4, 0.3};
    const double q = reached_length(grid, scale).q;
    if (!std::isfinite(q)) continue;
    const CorrelationMap map(grid.activation(), scale, q);
    for (const double d : {0.01, 0.4, 1.3}) {
      const double h = 1e-4 * d;
      const double difference = (map.distance(d + h) - map.distance(d - h)) / (2 * h);
      EXPECT_NEAR(map.slope(d), difference, 1e-7) << name << " " << d;
    }
  }
}

// Both ways of computing C(c) agree, and chi1 is the slope at c = 1.
TEST(CorrelationMapTest, DistanceAndCorrelationAreOneMap) {
  for (const double weight_std : {1.5, 4.0, 30.0}) {
    const MomentGrid grid(make_activation("tanh"));
    const InitScale scale{weight_std, 0.05};
    const FixedPoint point = reached_length(grid, scale);
    const CorrelationMap map(grid.activation(), scale, point.q);
    for (const double c : {-0.8, 0.0, 0.4}) {
      EXPECT_NEAR(1 - map.distance(1 - c), map.correlation(c), 1e-12) << weight_std << " " << c;
    }
    EXPECT_REL(map.slope(0), point.chi1, 1e-12);
    EXPECT_REL(map.distance(1e-10) / 1e-10, point.chi1, 1e-5);
  }
}

// 1 - c_l ~ kappa / l on the edge of chaos, kappa = 2 E f'^2 / (q E f''^2) (Hayou et al. 2019).
TEST(CorrelationMapTest, KappaOfSmoothActivations) {
  const struct {
    const char* name;
    double kappa;
  } rows[] = {{"tanh", 7.083737824906}, {"gelu", 4.254753875711}, {"silu", 6.359143127565}};
  for (const auto& row : rows) {
    const MomentGrid grid(make_activation(row.name));
    const CriticalPoint point = critical_points(grid, 0.2).front();
    EXPECT_NEAR(forgetting_constant(grid.activation(), point.q), row.kappa, 3e-11) << row.name;
  }
  const MomentGrid grid(make_activation("tanh"));
  const CriticalPoint point = critical_points(grid, 0.2).front();
  const CorrelationMap map(grid.activation(), point.scale, point.q);
  double d = 1;
  for (int layer = 0; layer < 200; ++layer) d = map.distance(d);
  EXPECT_NEAR(200 * d, 7.083737824906, 0.6);
  EXPECT_EQ(forgetting_constant(make_activation("relu"), 1), 0);
}

TEST(CorrelationMapTest, WantsAFixedPoint) {
  EXPECT_THROW(CorrelationMap(make_activation("tanh"), {1.5, 0.05}, 0.5), SpecError);
  EXPECT_THROW(CorrelationMap(make_activation("tanh"), {0.5, 0}, 0), SpecError);
}

}  // namespace
}  // namespace plumb::theory
