// SPDX-License-Identifier: Apache-2.0
#include "plumb/attach/seen_targets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace plumb {
namespace {

TEST(SeenTargetsTest, TellsFromEightBatchesOnAndThenOfTwiceAsMany) {
  SeenTargets seen;
  RunInfo info;
  int told = 0;
  for (std::int32_t batch = 0; batch < 32; ++batch) {
    const std::vector<std::int32_t> labels(4, batch % 2);
    const bool tells = seen.add_labels(labels, false, info);
    EXPECT_EQ(tells, batch == 7 || batch == 15 || batch == 31) << batch;
    told += tells ? 1 : 0;
    EXPECT_EQ(info.data_info.has_value(), batch >= 7);
  }
  EXPECT_EQ(told, 3);
  EXPECT_DOUBLE_EQ(info.data_info->between_batches.value(), 1);
  EXPECT_EQ(info.batch, 4);
}

TEST(SeenTargetsTest, KeepsWhatElseIsKnownOfTheData) {
  SeenTargets seen;
  RunInfo info;
  info.batch = 3;
  DataInfo known;
  known.inputs.push_back({"a", 0, 1, -1, 1});
  info.data_info = known;
  for (int batch = 0; batch < 8; ++batch) {
    const std::vector<float> rows{1, 2, 3, static_cast<float>(batch)};
    seen.add_values(rows, 2, false, info);
  }
  EXPECT_EQ(info.batch, 3);
  EXPECT_EQ(info.data_info->inputs.size(), 1U);
  // Of the first column 0 of 16, of the second 21 of 51.
  EXPECT_DOUBLE_EQ(info.data_info->between_batches.value(), 21.0 / 67.0);
}

TEST(SeenTargetsTest, SaysNothingOfTargetsThatAreAllTheSame) {
  SeenTargets seen;
  RunInfo info;
  for (int batch = 0; batch < 20; ++batch) {
    EXPECT_FALSE(seen.add_labels(std::vector<std::int32_t>{1, 1}, false, info));
  }
  EXPECT_FALSE(info.data_info.has_value());
}

RunInfo seen_values(int batches, const std::vector<float>& rows, std::size_t columns) {
  SeenTargets seen;
  RunInfo info;
  for (int batch = 0; batch < batches; ++batch) seen.add_values(rows, columns, true, info);
  return info;
}

TEST(SeenTargetsTest, WhatIsAnsweredHasColumns) {
  const RunInfo info = seen_values(8, {1e9F, 3, 1e9F, 5}, 2);
  ASSERT_EQ(info.data_info->targets.size(), 2U);
  EXPECT_EQ(info.data_info->samples, 16);
  EXPECT_EQ(info.data_info->targets[0], (ColumnInfo{"", 1e9, 0, 1e9, 1e9}));
  EXPECT_EQ(info.data_info->targets[1], (ColumnInfo{"", 4, 1, 3, 5}));
}

TEST(SeenTargetsTest, OfManyColumnsAllValuesAreOne) {
  std::vector<float> rows(200, -1);
  std::fill(rows.begin() + 100, rows.end(), 3.0F);
  const RunInfo info = seen_values(8, rows, 100);
  ASSERT_EQ(info.data_info->targets.size(), 1U);
  EXPECT_EQ(info.data_info->samples, 16);
  EXPECT_EQ(info.data_info->targets[0], (ColumnInfo{"", 1, 2, -1, 3}));
  EXPECT_FALSE(info.data_info->between_batches.has_value());
}

TEST(SeenTargetsTest, WhatIsAnsweredHasClasses) {
  SeenTargets seen;
  RunInfo info;
  for (int batch = 0; batch < 8; ++batch) {
    seen.add_labels(std::vector<std::int32_t>{2, 0, -100, 2}, true, info);
  }
  EXPECT_EQ(info.data_info->class_sizes, (std::vector<std::int64_t>{8, 0, 16}));
  EXPECT_EQ(info.data_info->samples, 24);
}

TEST(SeenTargetsTest, OneBatchThatIsNoAnswerTakesTheValuesBack) {
  SeenTargets seen;
  RunInfo info;
  for (int batch = 0; batch < 16; ++batch) {
    seen.add_labels(std::vector<std::int32_t>{1, 0}, batch != 9, info);
    if (batch == 7) {
      EXPECT_EQ(info.data_info->samples, 16);
    }
  }
  EXPECT_EQ(info.data_info->samples, 0);
  EXPECT_TRUE(info.data_info->class_sizes.empty());
}

TEST(SeenTargetsTest, WhatWasToldBeforeStays) {
  SeenTargets seen;
  RunInfo info;
  info.data_info.emplace().class_sizes = {5, 6};
  for (int batch = 0; batch < 8; ++batch) {
    seen.add_labels(std::vector<std::int32_t>{1, 0}, true, info);
  }
  EXPECT_EQ(info.data_info->class_sizes, (std::vector<std::int64_t>{5, 6}));
}

}  // namespace
}  // namespace plumb
