// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/quadrature.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/theory/near.h"

namespace plumb::theory {
namespace {

template <class F>
double mean(double centre, double std_dev, std::vector<Feature> features, F f) {
  std::vector<QuadratureNode> nodes;
  gaussian_nodes(centre, std_dev, features, nodes);
  double sum = 0;
  for (const QuadratureNode& node : nodes) sum += node.weight * f(node.x);
  return sum;
}

TEST(QuadratureTest, MomentsOfTheNormalDistribution) {
  for (const double s : {1e-100, 1e-15, 0.3, 1.0, 70.0, 1e100}) {
    EXPECT_REL(mean(0, s, {{0, 1}}, [](double) { return 1.0; }), 1, 1e-14);
    EXPECT_REL(mean(0, s, {{0, 1}}, [](double x) { return x * x; }), s * s, 1e-14);
    EXPECT_REL(mean(0, s, {{0, 1}}, [s](double x) { return std::pow(x / s, 8); }), 105, 1e-13);
  }
  EXPECT_REL(mean(3, 0.2, {}, [](double x) { return x * x; }), 9.04, 1e-14);
}

TEST(QuadratureTest, EntireFunctions) {
  for (const double s : {0.1, 1.0, 3.0}) {
    EXPECT_REL(mean(0, s, {{0, 1}}, [](double x) { return std::cos(x); }), std::exp(-s * s / 2),
               1e-12);
    EXPECT_REL(mean(1, s, {{0, 1}}, [](double x) { return std::exp(x); }), std::exp(1 + s * s / 2),
               1e-12);
  }
}

// E 1/(1+x^2) at small and large deviation: poles at distance 1.
TEST(QuadratureTest, PolesAtTheStatedDistance) {
  for (const double s : {0.1, 1.0, 10.0, 100.0}) {
    const double exact = std::sqrt(std::acos(-1.0) / 2) / s * std::exp(1 / (2 * s * s)) *
                         std::erfc(1 / (s * std::sqrt(2.0)));
    EXPECT_REL(mean(0, s, {{0, 1}}, [](double x) { return 1 / (1 + x * x); }), exact, 1e-12);
  }
}

TEST(QuadratureTest, StepsAndKinksAtAnyPlace) {
  const double split = std::numeric_limits<double>::infinity();
  for (const double at : {-2.5, 0.0, 1e-9, 0.7, 6.0}) {
    const auto step = [at](double x) { return x > at ? 1.0 : 0.0; };
    EXPECT_REL(mean(0, 1, {{at, split}}, step), std::erfc(at / std::sqrt(2.0)) / 2, 1e-12) << at;
  }
}

// A bump far narrower than the distribution, found through its feature.
TEST(QuadratureTest, NarrowFeatures) {
  for (const double width : {1e-3, 1e-8}) {
    const auto bump = [width](double x) {
      return std::exp(-(x - 0.3) * (x - 0.3) / (2 * width * width));
    };
    const double exact =
        width / std::sqrt(1 + width * width) * std::exp(-0.09 / (2 * (1 + width * width)));
    EXPECT_REL(mean(0, 1, {{0.3, width}}, bump), exact, 1e-9) << width;
  }
}

}  // namespace
}  // namespace plumb::theory
