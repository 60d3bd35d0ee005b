// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/gate_stats.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include "tests/stats/every_target.h"

namespace plumb {
namespace {

template <class T>
ConstView view_of(const std::vector<T>& values, std::size_t offset = 0) {
  return {values.data() + offset, kDTypeOf<T>,
          Shape{static_cast<std::int64_t>(values.size() - offset)}};
}

/// A cheap sequence without pattern between -1.2 and 1.2.
template <class T>
std::vector<T> numbers(std::size_t count) {
  std::vector<T> values;
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < count; ++i) {
    state = state * 1664525U + 1013904223U;
    values.push_back(static_cast<T>(2.4 * (state >> 8) / double{1 << 24} - 1.2));
  }
  return values;
}

template <class T>
void expect_definition(const std::vector<T>& all, std::size_t offset) {
  double sum = 0, low = 0, high = 0;
  for (std::size_t i = offset; i < all.size(); ++i) {
    sum += static_cast<double>(all[i]);
    low += all[i] < T(-0.5) ? 1 : 0;
    high += all[i] > T(0.75) ? 1 : 0;
  }
  const double n = std::max<double>(1, static_cast<double>(all.size() - offset));
  const GateStats stats = gate_stats(view_of(all, offset), -0.5, 0.75);
  const double limit = std::is_same_v<T, float> ? 1e-7 : 1e-14;
  ASSERT_NEAR(stats.mean, sum / n, limit) << all.size() << " from " << offset;
  ASSERT_EQ(stats.low_fraction, low / n);
  ASSERT_EQ(stats.high_fraction, high / n);
}

TEST(GateStatsTest, IsItsDefinitionForEveryLengthAndMisalignment) {
  for (std::size_t count = 3; count < 70; ++count) {
    for (const std::size_t offset : {0U, 1U, 3U}) {
      expect_definition(numbers<float>(count), offset);
      expect_definition(numbers<double>(count), offset);
    }
  }
  expect_definition(numbers<float>(2048), 0);
}

TEST(GateStatsTest, NothingIsZeroAndNaNIsInNeitherEnd) {
  EXPECT_EQ(gate_stats(view_of(std::vector<float>{}), 0, 1).mean, 0);
  std::vector<float> values(40, 0.5F);
  values[7] = std::numeric_limits<float>::quiet_NaN();
  values[8] = 2;
  const GateStats stats = gate_stats(view_of(values), 0, 1);
  EXPECT_TRUE(std::isnan(stats.mean));
  EXPECT_EQ(stats.low_fraction, 0);
  EXPECT_EQ(stats.high_fraction, 1.0 / 40);
}

TEST(GateStatsTest, ASumBeyondFloatAndAnInfinityAreCountedAllTheSame) {
  std::vector<float> values(200, 3e38F);
  values[3] = -3e38F;
  const GateStats large = gate_stats(view_of(values), 0, 1);
  EXPECT_NEAR(large.mean, 0.99 * static_cast<double>(3e38F), 1e30);
  EXPECT_EQ(large.low_fraction, 1.0 / 200);
  EXPECT_EQ(large.high_fraction, 199.0 / 200);
  values[150] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(gate_stats(view_of(values), 0, 1).mean, std::numeric_limits<double>::infinity());
  EXPECT_EQ(gate_stats(view_of(values), 0, 1).high_fraction, 199.0 / 200);
}

TEST(GateStatsTest, OneValueInAFlatEndIsFoundWhereverItIs) {
  for_every_target([] {
    for (std::size_t where = 0; where < 1200; ++where) {
      std::vector<float> values(1200, 0.5F);
      values[where] = where % 2 == 0 ? 0.001F : 0.999F;
      const GateStats stats = gate_stats(view_of(values), 0.01, 0.99);
      ASSERT_EQ(stats.low_fraction, where % 2 == 0 ? 1.0 / 1200 : 0) << where;
      ASSERT_EQ(stats.high_fraction, where % 2 == 1 ? 1.0 / 1200 : 0) << where;
    }
  });
}

TEST(GateStatsTest, TheMeanOfAFullyOpenGateKeepsItsDistanceFromOne) {
  const std::vector<float> values(1 << 16, 0.99872776F);  // 1 - 1/786: a memory of 786 steps
  EXPECT_NEAR(1 / (1 - gate_stats(view_of(values), 0.01, 0.99).mean), 786, 0.05);
}

}  // namespace
}  // namespace plumb
