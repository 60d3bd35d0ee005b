// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/tasks.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace plumb {
namespace {

TEST(TasksTest, EachTaskRunsOnce) {
  for (const int jobs : {1, 3, 8}) {
    std::vector<std::atomic<int>> runs(50);
    run_tasks(runs.size(), jobs, [&](std::size_t i) { ++runs[i]; });
    for (const auto& count : runs) EXPECT_EQ(count, 1);
  }
}

TEST(TasksTest, NoTasksAreNoError) {
  run_tasks(0, 4, [](std::size_t) { FAIL(); });
}

TEST(TasksTest, AnExceptionReachesTheCaller) {
  const auto fails = [](std::size_t i) {
    if (i == 2) throw std::runtime_error("task 2");
  };
  EXPECT_THROW(run_tasks(5, 2, fails), std::runtime_error);
}

}  // namespace
}  // namespace plumb
