// SPDX-License-Identifier: Apache-2.0
#include "plumb/proof/rank_correlation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace plumb {
namespace {

using Values = std::vector<double>;

TEST(RankCorrelationTest, OrderAloneCounts) {
  const Values a{1, 2, 3, 4};
  EXPECT_DOUBLE_EQ(rank_correlation(a, Values{0.1, 0.2, 30, 1e9}), 1);
  EXPECT_DOUBLE_EQ(rank_correlation(a, Values{4, 3, 2, -100}), -1);
  // Without ties 1 - 6 sum d^2 / (n (n^2 - 1)), d the differences of the ranks.
  EXPECT_NEAR(rank_correlation(a, Values{2, 1, 4, 3}), 1 - 6.0 * 4 / 60, 1e-15);
}

// The example of scipy.stats.spearmanr's page, of which it gives 0.8207826816681233.
TEST(RankCorrelationTest, TiesHaveTheMeanOfTheirRanks) {
  EXPECT_NEAR(rank_correlation(Values{1, 2, 3, 4, 5}, Values{5, 6, 7, 8, 7}), 0.8207826816681233,
              1e-15);
}

TEST(RankCorrelationTest, InfinitiesAreTheEndsOfTheOrder) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_DOUBLE_EQ(rank_correlation(Values{-infinity, 0, 5}, Values{-infinity, -1, infinity}), 1);
}

TEST(RankCorrelationTest, WhatHasNoOrderHasNone) {
  EXPECT_TRUE(std::isnan(rank_correlation(Values{}, Values{})));
  EXPECT_TRUE(std::isnan(rank_correlation(Values{1}, Values{2})));
  EXPECT_TRUE(std::isnan(rank_correlation(Values{1, 1}, Values{2, 3})));
  EXPECT_TRUE(std::isnan(rank_correlation(Values{1, std::nan("")}, Values{2, 3})));
}

}  // namespace
}  // namespace plumb
