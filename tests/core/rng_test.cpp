// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/rng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace plumb {
namespace {

TEST(RngTest, SameSeedStreamAndIndexGiveTheSameBits) {
  EXPECT_EQ(Rng(7, "a").bits(123), Rng(7, "a").bits(123));
}

TEST(RngTest, SeedStreamIndexAndChildAllMatter) {
  const Rng rng(7, "a");
  const std::set<std::uint64_t> values{rng.bits(0),          rng.bits(1),
                                       Rng(8, "a").bits(0),  Rng(7, "b").bits(0),
                                       rng.child(0).bits(0), rng.child(1).bits(0)};
  EXPECT_EQ(values.size(), 6u);
}

TEST(RngTest, UniformHasMeanOneHalfAndVarianceOneTwelfth) {
  const Rng rng(1, "moments");
  constexpr int n = 200000;
  double sum = 0, sum_sq = 0;
  for (int i = 0; i < n; ++i) {
    const double u = rng.uniform(static_cast<std::uint64_t>(i));
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
    sum_sq += u * u;
  }
  // Five standard errors.
  EXPECT_NEAR(sum / n, 0.5, 5 * std::sqrt(1.0 / 12 / n));
  EXPECT_NEAR(sum_sq / n, 1.0 / 3, 5 * std::sqrt(4.0 / 45 / n));
}

TEST(RngTest, NormalHasTheMomentsOfAStandardNormal) {
  const Rng rng(2, "moments");
  constexpr int n = 200000;
  double m1 = 0, m2 = 0, m4 = 0;
  for (int i = 0; i < n; ++i) {
    const double z = rng.normal(static_cast<std::uint64_t>(i));
    m1 += z / n;
    m2 += z * z / n;
    m4 += z * z * z * z / n;
  }
  EXPECT_NEAR(m1, 0.0, 5 * std::sqrt(1.0 / n));
  EXPECT_NEAR(m2, 1.0, 5 * std::sqrt(2.0 / n));
  EXPECT_NEAR(m4, 3.0, 5 * std::sqrt(96.0 / n));
}

TEST(RngTest, PermutationHoldsEveryIndexOnce) {
  auto order = Rng(3, "shuffle").permutation(1000);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(RngTest, BelowCoversItsRangeEvenly) {
  const Rng rng(4, "below");
  std::array<int, 5> counts{};
  for (std::uint64_t i = 0; i < 50000; ++i) ++counts[rng.below(i, 5)];
  for (const int count : counts) EXPECT_NEAR(count, 10000, 5 * std::sqrt(50000 * 0.2 * 0.8));
}

}  // namespace
}  // namespace plumb
