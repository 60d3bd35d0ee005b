// SPDX-License-Identifier: Apache-2.0
#include "plumb/lab/experiments/figure_one_curves.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace plumb::lab {
namespace {

constexpr int kHidden = 2;

const std::vector<CurvePoint>& curves() {
  static const std::vector<CurvePoint> all{{kHidden, 0, {-1, -0.5}, {0.1, 0.1}},
                                           {kHidden, 9, {-2, -1.5}, {0.1, 0.1}},
                                           {3, 0, {0, 0, 0}, {0.1, 0.1, 0.1}}};
  return all;
}

/// Trainings whose second layer lies `off` powers of ten from its curve at epoch 9.
std::vector<LearningSpeeds> trainings(double off) {
  const LearningSpeeds one{{0, 9}, {{0.1, 0.01}, {std::pow(10, -0.5), std::pow(10, -1.5 + off)}}};
  return {one, one};
}

bool agrees(double off) {
  Result result;
  hold_curves(result, kHidden, trainings(off), curves(), 8, "a test");
  EXPECT_EQ(result.checks.size(), 2u);  // one a layer
  return result.agrees();
}

TEST(FigureOneCurvesTest, HoldsEachLayerAboveAndBelow) {
  // Two means of 2 and of 8 trainings differ by 0.1 sqrt(1/2 + 1/8) = 0.079.
  EXPECT_TRUE(agrees(0));
  EXPECT_TRUE(agrees(0.3));
  EXPECT_TRUE(agrees(-0.3));
  EXPECT_FALSE(agrees(0.33));
  EXPECT_FALSE(agrees(-0.33));
}

TEST(FigureOneCurvesTest, WhatIsNoNumberFails) {
  EXPECT_FALSE(agrees(std::numeric_limits<double>::quiet_NaN()));
  EXPECT_FALSE(agrees(-std::numeric_limits<double>::infinity()));
}

TEST(FigureOneCurvesTest, TheTablesHaveEveryDepthWhole) {
  for (const auto table : {independent_curves(), published_curves()}) {
    for (int hidden = 2; hidden <= 4; ++hidden) {
      int points = 0;
      for (const CurvePoint& point : table) {
        if (point.hidden != hidden) continue;
        ++points;
        EXPECT_EQ(point.log10_norm.size(), static_cast<std::size_t>(hidden));
        EXPECT_EQ(point.deviation.size(), static_cast<std::size_t>(hidden));
      }
      EXPECT_GE(points, 3) << hidden;
    }
  }
}

}  // namespace
}  // namespace plumb::lab
