// SPDX-License-Identifier: Apache-2.0
#include "plumb/proof/paired.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace plumb {
namespace {

// Student's own example, 1908: hours of sleep that two drugs add, ten patients; scipy 1.11 gives
// t = 4.0621, p = 0.002833 and this interval.
TEST(PairedTest, StudentsSleep) {
  const std::vector<double> laevo{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};
  const std::vector<double> dextro{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
  const PairedDifference d = paired_difference(laevo, dextro);
  EXPECT_EQ(d.pairs, 10);
  EXPECT_NEAR(d.mean, 1.58, 1e-12);
  EXPECT_NEAR(d.low, 0.7001142, 5e-4);
  EXPECT_NEAR(d.high, 2.4598858, 5e-4);
  // One difference is 0 and all others are positive: 2 * 2 of 1024 ways are as large.
  EXPECT_DOUBLE_EQ(d.p, 4.0 / 1024);
}

TEST(PairedTest, EightPairsOfOneSignHaveTheLeastP) {
  const std::vector<double> a{1, 2, 3, 4, 5, 6, 7, 8}, b(8, 0.0);
  EXPECT_DOUBLE_EQ(paired_difference(a, b).p, 2.0 / 256);
  EXPECT_DOUBLE_EQ(paired_difference(b, a).p, 2.0 / 256);
  EXPECT_DOUBLE_EQ(paired_difference(a, a).p, 1);
}

// Mean 1, deviation 2: the interval of n pairs reaches 2 t / sqrt(n) down, which is 1 between 17
// and 18 (t of 16 and 17 degrees 2.120 and 2.110).
TEST(PairedTest, TellsHowManyPairsWouldDo) {
  const std::vector<double> a{-1, 1, 3}, none(3, 0.0);
  const PairedDifference d = paired_difference(a, none);
  EXPECT_EQ(pairs_needed(d, 100), 18);
  EXPECT_FALSE(pairs_needed(d, 17));
  EXPECT_FALSE(pairs_needed(paired_difference(none, a), 100));
  EXPECT_FALSE(pairs_needed(paired_difference({}, {}), 100));
  EXPECT_EQ(pairs_needed(paired_difference(std::vector{1.0, 1.0}, std::vector{0.0, 0.0}), 100), 2);
}

TEST(PairedTest, WhatIsNoNumberIsLeftOut) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const PairedDifference d =
      paired_difference(std::vector{1.0, nan, 3.0}, std::vector{0.0, 1.0, 1.0});
  EXPECT_EQ(d.pairs, 2);
  EXPECT_DOUBLE_EQ(d.mean, 1.5);
  EXPECT_EQ(paired_difference({}, {}).pairs, 0);
  EXPECT_TRUE(std::isnan(paired_difference(std::vector{1.0}, std::vector{0.0}).low));
}

TEST(PairedTest, QuantilesAreThoseOfTheTables) {
  EXPECT_NEAR(student_quantile(1), 12.706, 1e-3);
  EXPECT_NEAR(student_quantile(7), 2.365, 1e-3);
  EXPECT_NEAR(student_quantile(20), 2.086, 1e-3);
  EXPECT_NEAR(student_quantile(100), 1.984, 1e-3);
}

}  // namespace
}  // namespace plumb
