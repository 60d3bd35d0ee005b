// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/describe_data.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace plumb {
namespace {

/// x = 0, 1, 2 ... of that shape.
Split counted(const Shape& shape) {
  Split split;
  split.train.x = Tensor(shape, DType::f32);
  const auto x = split.train.x.as<float>();
  std::iota(x.begin(), x.end(), 0.0F);
  split.train.labels.assign(static_cast<std::size_t>(shape[0]), 0);
  split.train.classes = 3;
  return split;
}

TEST(DataInfoTest, ATableIsDescribedByColumn) {
  Split split = counted({4, 2});
  split.train.columns = {"a", "b"};
  split.train.labels = {0, 2, 2, 2};
  const DataInfo info = describe_data(split, false);
  EXPECT_EQ(info.samples, 4);
  EXPECT_EQ(info.validation_samples, 0);
  ASSERT_EQ(info.inputs.size(), 2U);
  // 1, 3, 5, 7: deviation sqrt(5).
  EXPECT_EQ(info.inputs[1], (ColumnInfo{"b", 4, std::sqrt(5.0), 1, 7}));
  EXPECT_EQ(info.class_sizes, (std::vector<std::int64_t>{1, 0, 3}));
  EXPECT_TRUE(info.targets.empty());
}

TEST(DataInfoTest, ImagesAreDescribedByChannelAndSequencesByFeature) {
  const DataInfo colour = describe_data(counted({2, 3, 2, 2}), false);
  ASSERT_EQ(colour.inputs.size(), 3U);
  // Channel 1 holds 4..7 and 16..19.
  EXPECT_EQ(colour.inputs[1].mean, 11.5);
  EXPECT_EQ(colour.inputs[1].smallest, 4);
  EXPECT_EQ(colour.inputs[1].largest, 19);
  EXPECT_EQ(describe_data(counted({2, 3, 4}), false).inputs.size(), 1U);
  const DataInfo steps = describe_data(counted({2, 3, 4}), true);
  ASSERT_EQ(steps.inputs.size(), 4U);
  EXPECT_EQ(steps.inputs[3].mean, 13);
}

TEST(DataInfoTest, AConstantColumnHasNoDeviation) {
  Split split = counted({7, 1});
  std::ranges::fill(split.train.x.as<float>(), 0.1F);
  EXPECT_EQ(describe_data(split, false).inputs[0].deviation, 0);
}

TEST(DataInfoTest, TargetsAreColumnsToo) {
  Split split = counted({4, 1});
  split.train.classes = 0;
  split.train.labels.clear();
  split.train.y = Tensor({4, 2}, DType::f32);
  std::ranges::copy(std::vector<float>{1, 10, 3, 10, 1, 10, 3, 10},
                    split.train.y.as<float>().begin());
  const DataInfo info = describe_data(split, false);
  ASSERT_EQ(info.targets.size(), 2U);
  EXPECT_EQ(info.targets[0], (ColumnInfo{"", 2, 1, 1, 3}));
  EXPECT_EQ(info.targets[1].deviation, 0);
  EXPECT_TRUE(info.class_sizes.empty());
}

TEST(DataInfoTest, WhatLiesBetweenBatchesIsOfWholeBatchesInTheOrderOfTheData) {
  Dataset table = counted({9, 1}).train;
  table.labels = {0, 0, 0, 0, 1, 1, 1, 1, 2};
  EXPECT_DOUBLE_EQ(between_batches(table, 4).value(), 1);  // each whole batch is of one class
  table.labels = {0, 1, 0, 1, 0, 1, 0, 1, 2};
  EXPECT_DOUBLE_EQ(between_batches(table, 4).value(), 0);
  EXPECT_FALSE(between_batches(table, 8));  // one batch alone
  table.classes = 0;
  table.labels.clear();
  table.y = Tensor({9, 1}, DType::f32);
  std::ranges::copy(std::vector<float>{1, 3, 5, 7, 2, 2, 2, 2, 0}, table.y.as<float>().begin());
  EXPECT_DOUBLE_EQ(between_batches(table, 4).value(), 8.0 / 28.0);
}

TEST(DataInfoTest, ManyColumnsAreOne) {
  EXPECT_EQ(describe_data(counted({2, kMostColumns + 1}), false).inputs.size(), 1U);
}

}  // namespace
}  // namespace plumb
