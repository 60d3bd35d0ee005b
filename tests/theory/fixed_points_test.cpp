// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/fixed_points.h"

#include <gtest/gtest.h>

#include <cmath>

#include "plumb/core/error.h"
#include "tests/theory/near.h"

namespace plumb::theory {
namespace {

// sigmoid without bias, by another program: weight_std, q*, chi1, 1 / |ln chi1| with the sign of
// the phase.
TEST(FixedPointsTest, Sigmoid) {
  const double rows[][4] = {{1, 0.264686875182, 0.055720706770, 0.346331927},
                            {5, 9.711252891200, 0.501648948337, 1.449580594},
                            {6, 14.588142034454, 0.600990668342, 1.963957949},
                            {8, 27.382523134327, 0.794823283372, 4.354727874},
                            {10, 44.207441825282, 0.985806055482, 69.951387878},
                            {12, 65.048390425953, 1.175577690104, -6.182010330}};
  const MomentGrid grid(make_activation("sigmoid"));
  for (const auto& [weight_std, q, chi1, xi] : rows) {
    const FixedPoint point = reached_length(grid, {weight_std, 0});
    EXPECT_REL(point.q, q, 1e-12) << weight_std;
    EXPECT_NEAR(point.chi1, chi1, 6e-13) << weight_std;
    EXPECT_REL(-1 / std::log(point.chi1), xi, 3e-9) << weight_std;
  }
  // The naive bound weight_std^2 / 16 allows 1 here.
  EXPECT_NEAR(reached_length(grid, {4, 0}).chi1, 0.3989, 6e-5);
}

TEST(FixedPointsTest, LeCunsTanhIsSlightlyChaotic) {
  const auto f = [](double x) { return 1.7159 * std::tanh(2 * x / 3); };
  const auto f1 = [](double x) { return 1.7159 * 2 / 3 / std::pow(std::cosh(2 * x / 3), 2); };
  const auto f2 = [f1](double x) { return -4.0 / 3 * std::tanh(2 * x / 3) * f1(x); };
  const MomentGrid grid(ActivationFunction{"lecun", f, f1, f2, {}});
  const FixedPoint point = reached_length(grid, {1, 0});
  EXPECT_NEAR(point.q, 0.382440801298, 6e-13);
  EXPECT_NEAR(point.chi1, 1.019249503906, 6e-13);
}

TEST(FixedPointsTest, ListsTheUnstableOnesToo) {
  const MomentGrid grid(make_activation("gelu"));
  const auto points = fixed_points(grid, {1.5470094704, 0.2});
  ASSERT_GE(points.size(), 2U);
  bool found = false;
  for (const FixedPoint& point : points) {
    if (std::abs(point.q - 0.5756371166) > 1e-6) continue;
    found = true;
    EXPECT_FALSE(point.stable);
    EXPECT_NEAR(point.chi1, 1, 1e-8);
    EXPECT_NEAR(point.slope, 1.095040638, 1e-8);
  }
  EXPECT_TRUE(found);
}

TEST(FixedPointsTest, ZeroIsOneWithoutBias) {
  const MomentGrid grid(make_activation("tanh"));
  const auto ordered = fixed_points(grid, {0.9, 0});
  ASSERT_EQ(ordered.size(), 1U);
  EXPECT_EQ(ordered[0].q, 0);
  EXPECT_TRUE(ordered[0].stable);
  EXPECT_REL(ordered[0].chi1, 0.81, 1e-14);
  const auto critical = fixed_points(grid, {1, 0});
  ASSERT_EQ(critical.size(), 1U);
  EXPECT_TRUE(critical[0].stable);
  const auto chaotic = fixed_points(grid, {1.5, 0});
  ASSERT_EQ(chaotic.size(), 2U);
  EXPECT_FALSE(chaotic[0].stable);
  EXPECT_REL(chaotic[1].q, 0.793354042607, 1e-12);
  // gelu at its own critical scale: short lengths grow.
  EXPECT_FALSE(fixed_points(MomentGrid(make_activation("gelu")), {2, 0})[0].stable);
}

TEST(FixedPointsTest, ReluKeepsGrowsOrShrinks) {
  const MomentGrid grid(make_activation("relu"));
  EXPECT_EQ(reached_length(grid, {std::sqrt(2.0), 0}, 3.7).q, 3.7);
  EXPECT_EQ(reached_length(grid, {1.5, 0}).q, INFINITY);
  EXPECT_REL(reached_length(grid, {1.5, 0}).chi1, 1.125, 1e-13);
  EXPECT_EQ(reached_length(grid, {1, 0}).q, 0);
  EXPECT_REL(reached_length(grid, {1, 0.3}).q, 0.18, 1e-12);
  EXPECT_EQ(reached_length(grid, {std::sqrt(2.0), 0.1}).q, INFINITY);
}

TEST(FixedPointsTest, FromEitherSideOfAnUnstableOne) {
  const MomentGrid grid(make_activation("gelu"));
  const InitScale scale{1.5470094704, 0.2};
  EXPECT_LT(reached_length(grid, scale, 0.4).q, 0.4);
  EXPECT_GT(reached_length(grid, scale, 0.8).q, 1);
  EXPECT_THROW(reached_length(grid, scale, 0), SpecError);
}

TEST(FixedPointsTest, TinyBiasTinyLength) {
  const MomentGrid grid(make_activation("tanh"));
  const double bias = 1e-9;  // critical weights: q* = bias / sqrt(2) to first order
  EXPECT_REL(reached_length(grid, {1, bias}).q, bias / std::sqrt(2.0), 1e-6);
}

}  // namespace
}  // namespace plumb::theory
