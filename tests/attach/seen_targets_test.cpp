// SPDX-License-Identifier: Apache-2.0
#include "plumb/attach/seen_targets.h"

#include <gtest/gtest.h>

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
    const bool tells = seen.add_labels(labels, info);
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
    seen.add_values(rows, 2, info);
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
    EXPECT_FALSE(seen.add_labels(std::vector<std::int32_t>{1, 1}, info));
  }
  EXPECT_FALSE(info.data_info.has_value());
}

}  // namespace
}  // namespace plumb
