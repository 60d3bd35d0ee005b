// SPDX-License-Identifier: Apache-2.0
#include "plumb/record/run_info.h"

#include <gtest/gtest.h>

namespace plumb {
namespace {

TEST(RunInfoTest, ItsTitleIsTheNetworkAsItWasAskedFor) {
  RunInfo info;
  info.network = "conv 16 3x3 > gap > dense 10";
  EXPECT_EQ(info.title(), info.network);
  info.settings = {{"lr", "0.1"}, {"network", "small"}, {"seed", "3"}};
  EXPECT_EQ(info.title(), "small");
  info.settings[1].second.clear();  // of a file written by another program
  EXPECT_EQ(info.title(), info.network);
}

}  // namespace
}  // namespace plumb
