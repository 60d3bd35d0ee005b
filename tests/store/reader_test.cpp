// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <thread>

#include "plumb/core/error.h"
#include "plumb/store/run_file.h"
#include "tests/store/run_fixture.h"

namespace plumb {
namespace {

namespace fs = std::filesystem;

// Reads as a stranger and compares; empty if all is well.
std::string stranger_reads(const ScratchFolder& folder, const std::string& path,
                           const plumb::Run& run) {
  return store_error_of_stranger(folder, [&] {
    if (describe(load_run(path)) != describe(run)) throw StoreError("another run came back");
  });
}

TEST(ReaderTest, AReaderSeesAGrowingPrefixWhileTheRunIsWritten) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  const plumb::Run run = plain_run(1500, 14);
  RunWriter writer(path);
  writer.begin(run.info);
  std::atomic<bool> done = false;
  std::size_t reads = 0;
  std::size_t partial_reads = 0;
  std::thread reader([&] {
    std::size_t seen = 0;
    while (!done) {
      const auto steps = load_run(path).steps;
      EXPECT_GE(steps.size(), seen);
      for (std::size_t i = 0; i < steps.size(); ++i) {
        ASSERT_EQ(steps[i].step, static_cast<std::int64_t>(i));
        ASSERT_EQ(steps[i].sketches.size(), 14U);
      }
      const auto more = load_steps_after(path, static_cast<std::int64_t>(seen) - 1);
      EXPECT_GE(more.size(), steps.size() - seen);
      seen = steps.size();
      ++reads;
      if (seen > 0 && seen < run.steps.size()) ++partial_reads;
    }
  });
  for (const StepRecord& step : run.steps) {
    writer.add(step);
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
  done = true;
  reader.join();
  EXPECT_GT(partial_reads, 0U) << "of " << reads;
  writer.close();
  EXPECT_EQ(describe(load_run(path)), describe(run));
}

TEST(ReaderTest, AFinishedRunIsReadWithoutWritePermission) {
  const ScratchFolder folder;
  write_run(folder / "a.plumb", rich_run());
  EXPECT_EQ(stranger_reads(folder, folder / "a.plumb", rich_run()), "");
}

TEST(ReaderTest, AGrowingRunIsReadWithoutWritePermission) {
  const ScratchFolder folder;
  plumb::Run run = rich_run();
  run.findings.clear();
  RunWriter writer(folder / "a.plumb");
  writer.begin(run.info);
  for (const StepRecord& step : run.steps) writer.add(step);
  writer.end(*run.end);
  EXPECT_EQ(stranger_reads(folder, folder / "a.plumb", run), "");
}

TEST(ReaderTest, AKilledRunIsReadWithItsLog) {
  const ScratchFolder folder;
  plumb::Run run = rich_run();
  run.findings.clear();
  write_killed_run(folder / "a.plumb", run);
  EXPECT_EQ(stranger_reads(folder, folder / "a.plumb", run), "");
  EXPECT_EQ(describe(load_run(folder / "a.plumb")), describe(run));
  fs::remove(folder / "a.plumb-shm");
  EXPECT_EQ(describe(load_run(folder / "a.plumb")), describe(run));
}

TEST(ReaderTest, AKilledRunWhoseIndexIsGoneTellsTheStrangerWhatToDo) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  write_killed_run(path, rich_run());
  fs::remove(path + "-shm");
  EXPECT_EQ(stranger_reads(folder, path, rich_run()),
            path +
                ": was not closed, and its log cannot be read without write permission to the "
                "directory: copy the file and its -wal file to a directory of your own");
}

TEST(ReaderTest, AFileInWalModeWithoutALogIsReadWithoutWritePermission) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  kill_after([&] {
    RunWriter writer(path);
    writer.begin({});
    ::raise(SIGKILL);
  });
  fs::remove(path + "-shm");
  fs::remove(path + "-wal");
  EXPECT_EQ(stranger_reads(folder, path, {}), path + ": holds no run yet, nothing was recorded");
}

}  // namespace
}  // namespace plumb
