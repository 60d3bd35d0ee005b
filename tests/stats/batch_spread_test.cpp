// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/batch_spread.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "plumb/core/rng.h"

namespace plumb {
namespace {

using Labels = std::vector<std::int32_t>;

BatchSpread of_labels(const std::vector<Labels>& batches) {
  BatchSpread spread;
  for (const Labels& labels : batches) spread.add_labels(labels);
  return spread;
}

BatchSpread of_values(const std::vector<std::vector<float>>& batches, std::size_t columns = 1) {
  BatchSpread spread;
  for (const auto& rows : batches) spread.add_values(rows, columns);
  return spread;
}

TEST(BatchSpreadTest, BatchesOfOneClassEachHaveAllOfIt) {
  EXPECT_DOUBLE_EQ(of_labels({{0, 0}, {1, 1}, {4, 4}}).between().value(), 1);
}

TEST(BatchSpreadTest, EqualBatchesHaveNone) {
  EXPECT_DOUBLE_EQ(of_labels({{0, 1}, {1, 0}, {0, 1}}).between().value(), 0);
}

TEST(BatchSpreadTest, ValuesByHand) {
  // Means 4 and 2 about 3: 8 of the sum of squares 28.
  EXPECT_DOUBLE_EQ(of_values({{1, 3, 5, 7}, {2, 2, 2, 2}}).between().value(), 8.0 / 28.0);
  // A second column that is the same everywhere adds nothing.
  EXPECT_DOUBLE_EQ(
      of_values({{1, 5, 3, 5, 5, 5, 7, 5}, {2, 5, 2, 5, 2, 5, 2, 5}}, 2).between().value(),
      8.0 / 28.0);
  // Means 2 and 6 about 3: 3 + 9 of the sum of squares 4 + 1 + 0 + 9.
  EXPECT_DOUBLE_EQ(of_values({{1, 2, 3}, {6}}).between().value(), 12.0 / 14.0);
}

TEST(BatchSpreadTest, AFarMeanTakesNothingAway) {
  const auto far = [](float x) { return 1e6F + x; };
  EXPECT_NEAR(of_values({{far(1), far(3), far(5), far(7)}, {far(2), far(2), far(2), far(2)}})
                  .between()
                  .value(),
              8.0 / 28.0, 1e-9);
}

// Expected (B - 1) / (B n - 1) for B batches of n, by the exchangeability of the samples.
TEST(BatchSpreadTest, SamplesInNoOrderHaveOneOverTheBatchSize) {
  const Rng rng(0, "batch_spread");
  constexpr std::size_t kBatches = 400, kSize = 16;
  BatchSpread spread;
  for (std::size_t b = 0; b < kBatches; ++b) {
    Labels labels;
    for (std::size_t i = 0; i < kSize; ++i) {
      labels.push_back(static_cast<std::int32_t>(5 * rng.uniform(b * kSize + i)));
    }
    spread.add_labels(labels);
  }
  EXPECT_EQ(spread.batches(), 400);
  EXPECT_EQ(spread.samples(), 6400);
  EXPECT_NEAR(spread.between().value(), 1 / 16.0, 0.01);
}

TEST(BatchSpreadTest, NothingIsSaidOfOneBatchOfNoVariationAndOfNaN) {
  EXPECT_FALSE(BatchSpread().between());
  EXPECT_FALSE(of_labels({{0, 1}}).between());
  EXPECT_FALSE(of_labels({{2, 2}, {2, 2}}).between());
  EXPECT_FALSE(of_labels({{0, 1}, {-100, -100}}).between());
  EXPECT_FALSE(of_values({{1, std::numeric_limits<float>::quiet_NaN()}, {2, 3}}).between());
}

}  // namespace
}  // namespace plumb
