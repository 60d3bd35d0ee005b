// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/parallel.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>
#include <fstream>
#include <numeric>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace plumb {
namespace {

TEST(ThreadPoolTest, EveryIndexIsVisitedOnce) {
  for (const int threads : {1, 2, 3, 5}) {
    ThreadPool pool(threads);
    for (const std::int64_t count : {0, 1, 2, 7, 64, 1001}) {
      for (const std::int64_t grain : {1, 3, 16, 5000}) {
        std::vector<int> visits(static_cast<std::size_t>(count), 0);
        pool.run(count, grain, [&](std::int64_t begin, std::int64_t end) {
          for (auto i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
        });
        EXPECT_EQ(std::accumulate(visits.begin(), visits.end(), 0), count);
        for (const int v : visits) EXPECT_EQ(v, 1);
      }
    }
  }
}

TEST(ThreadPoolTest, ChunksBeginAtMultiplesOfTheGrain) {
  ThreadPool pool(3);
  pool.run(100, 16, [](std::int64_t begin, std::int64_t) { EXPECT_EQ(begin % 16, 0); });
}

/// Leaves the process room for the stacks of a few threads, and starts many.
[[noreturn]] void start_more_threads_than_there_is_room_for() {
  rlim_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const rlim_t limit = pages * 4096 + (rlim_t{64} << 20);
  const rlimit room{limit, limit};
  setrlimit(RLIMIT_AS, &room);
  try {
    const ThreadPool pool(1000);
  } catch (const std::system_error&) {
    std::_Exit(0);
  }
  std::_Exit(1);
}

TEST(ThreadPoolTest, AThreadThatCannotBeStartedIsAnError) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(start_more_threads_than_there_is_room_for(), ::testing::ExitedWithCode(0), "");
}

TEST(ThreadPoolTest, AnExceptionOfAChunkReachesTheCaller) {
  ThreadPool pool(2);
  const auto fail_second = [](std::int64_t begin, std::int64_t) {
    if (begin > 0) throw std::runtime_error("second chunk");
  };
  EXPECT_THROW(pool.run(10, 1, fail_second), std::runtime_error);
  int visits = 0;
  pool.run(1, 1, [&](std::int64_t, std::int64_t) { ++visits; });
  EXPECT_EQ(visits, 1);
}

}  // namespace
}  // namespace plumb
