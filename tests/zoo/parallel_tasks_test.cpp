// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/parallel_tasks.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace plumb::zoo {
namespace {

TEST(ParallelTasksTest, EachTaskRunsOnce) {
  for (const int jobs : {1, 3, 8}) {
    std::vector<std::atomic<int>> runs(50);
    run_tasks(runs.size(), jobs, [&](std::size_t i) { ++runs[i]; });
    for (const auto& count : runs) EXPECT_EQ(count, 1);
  }
}

TEST(ParallelTasksTest, NoTasksAreNoError) {
  run_tasks(0, 4, [](std::size_t) { FAIL(); });
}

TEST(ParallelTasksTest, AnExceptionReachesTheCaller) {
  const auto fails = [](std::size_t i) {
    if (i == 2) throw std::runtime_error("task 2");
  };
  EXPECT_THROW(run_tasks(5, 2, fails), std::runtime_error);
}

}  // namespace
}  // namespace plumb::zoo
