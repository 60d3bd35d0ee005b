// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/scaled_squares.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace plumb {
namespace {

TEST(ScaledSquaresTest, NothingIsZero) { EXPECT_EQ(ScaledSquares().root(), 0); }

TEST(ScaledSquaresTest, TermsOfOneScaleAddUp) {
  for (const int scale : {0, 7, -900, 900}) {
    ScaledSquares sum;
    sum.add(9, scale);
    sum.add(0, 0);
    sum.add(16, scale);
    EXPECT_EQ(sum.root(), std::ldexp(5.0, scale)) << scale;
  }
}

TEST(ScaledSquaresTest, TermsOfDifferentScalesAddUpInAnyOrder) {
  // 3^2 and 4^2, the second as 1^2 * 4^2.
  ScaledSquares up, down;
  up.add(9, 0);
  up.add(1, 2);
  down.add(1, 2);
  down.add(9, 0);
  EXPECT_EQ(up.root(), 5);
  EXPECT_EQ(down.root(), 5);
}

TEST(ScaledSquaresTest, FarSmallerTermsAreLostAndFarLargerOnesCount) {
  ScaledSquares sum;
  sum.add(1, -800);
  EXPECT_EQ(sum.root(), std::ldexp(1.0, -800));
  sum.add(4, 0);
  EXPECT_EQ(sum.root(), 2);
  sum.add(1, -800);
  EXPECT_EQ(sum.root(), 2);
}

TEST(ScaledSquaresTest, ScalesNeedNotBeWhole) {
  ScaledSquares sum;
  sum.add(9, std::log2(1.0 / 3));  // 3 * 1/3, and 4/3 * 3
  sum.add(16.0 / 9, std::log2(3.0));
  EXPECT_NEAR(sum.root(), std::sqrt(1.0 + 16), 1e-14);
  sum = {};
  sum.add(16, 5000.5);
  EXPECT_NEAR(sum.log2_rms(4), 5001.5, 1e-12);
}

TEST(ScaledSquaresTest, WhatIsNotFiniteStays) {
  ScaledSquares nan, infinite;
  nan.add(std::numeric_limits<double>::quiet_NaN(), -3);
  nan.add(1, 50);
  EXPECT_TRUE(std::isnan(nan.root()));
  infinite.add(std::numeric_limits<double>::infinity(), 4);
  infinite.add(1, 0);
  EXPECT_EQ(infinite.root(), std::numeric_limits<double>::infinity());
}

}  // namespace
}  // namespace plumb
