// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
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
  run.findings.reset();
  RunWriter writer(folder / "a.plumb");
  writer.begin(run.info);
  for (const StepRecord& step : run.steps) writer.add(step);
  writer.end(*run.end);
  EXPECT_EQ(stranger_reads(folder, folder / "a.plumb", run), "");
}

TEST(ReaderTest, AKilledRunIsReadWithItsLog) {
  const ScratchFolder folder;
  plumb::Run run = rich_run();
  run.findings.reset();
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

TEST(ReaderTest, StepsComeOneAfterTheOtherOrByNumber) {
  const ScratchFolder folder;
  const plumb::Run run = plain_run(300, 14);  // more than are read ahead
  write_run(folder / "a.plumb", run);
  RunReader reader(folder / "a.plumb");
  EXPECT_EQ(reader.info().layers, run.info.layers);
  StepRecord step, other;
  for (const StepRecord& expected : run.steps) {
    ASSERT_TRUE(reader.next(step));
    EXPECT_EQ(describe(step), describe(expected));
    ASSERT_TRUE(reader.read(7, other)) << "which does not move the reader";
    EXPECT_EQ(describe(other), describe(run.steps[7]));
  }
  EXPECT_FALSE(reader.next(step));
  EXPECT_FALSE(reader.read(300, step));
  EXPECT_FALSE(reader.read(-1, step));
  EXPECT_FALSE(reader.end());
  EXPECT_FALSE(reader.findings());
  EXPECT_EQ(reader.measured_steps().size(), 300U);
}

// Records of another step must not shine through a record whose memory is used again.
TEST(ReaderTest, AStepIsReadIntoAnotherOnesMemory) {
  const ScratchFolder folder;
  const plumb::Run run = rich_run();
  write_run(folder / "a.plumb", run);
  RunReader reader(folder / "a.plumb");
  StepRecord step;
  for (const std::int64_t number : {6, -3, 5, 6, 5, -3}) {
    ASSERT_TRUE(reader.read(number, step));
    const auto expected = std::find_if(run.steps.begin(), run.steps.end(),
                                       [&](const StepRecord& one) { return one.step == number; });
    EXPECT_EQ(describe(step), describe(*expected));
  }
}

TEST(ReaderTest, WithoutHistogramsTheRestIsTheSame) {
  const ScratchFolder folder;
  plumb::Run run = rich_run();
  write_run(folder / "a.plumb", run);
  for (StepRecord& step : run.steps) {
    for (SketchRecord& record : step.sketches) {
      record.sketch.histogram = {};
      record.sketch.format_loss = {};
    }
  }
  EXPECT_EQ(describe(load_run(folder / "a.plumb", LoadOptions::without_histograms())),
            describe(run));
  RunReader reader(folder / "a.plumb");
  StepRecord step;
  ASSERT_TRUE(reader.read(6, step));  // leaves histograms behind
  ASSERT_TRUE(reader.read(5, step, false));
  EXPECT_EQ(describe(step), describe(run.steps[1]));
}

TEST(ReaderTest, StepsThatAreNotAskedForHaveMetricsAlone) {
  const ScratchFolder folder;
  const plumb::Run run = plain_run(10, 14);
  write_run(folder / "a.plumb", run);
  const plumb::Run read = load_run(folder / "a.plumb", LoadOptions::of_steps({8, 2}));
  ASSERT_EQ(read.steps.size(), 10U);
  for (const StepRecord& step : read.steps) {
    const StepRecord& expected = run.steps[static_cast<std::size_t>(step.step)];
    if (step.step == 2 || step.step == 8) {
      EXPECT_EQ(describe(step), describe(expected));
    } else {
      EXPECT_FALSE(step.measured);
      EXPECT_TRUE(step.sketches.empty() && step.activations.empty());
      EXPECT_EQ(step.loss, expected.loss);
    }
  }
  EXPECT_TRUE(load_run(folder / "a.plumb", LoadOptions::metrics()).measured().empty());
  EXPECT_EQ(load_steps_after(folder / "a.plumb", 6, LoadOptions::of_steps({8})).size(), 3U);
}

// Histograms that nobody asks for are not even looked at.
TEST(ReaderTest, WithoutHistogramsTheirTableMayBeBroken) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  write_run(path, plain_run(3, 7));
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
  sqlite3_exec(handle, "UPDATE histogram SET histograms = x'00'", nullptr, nullptr, nullptr);
  sqlite3_close(handle);
  EXPECT_EQ(load_run(path, LoadOptions::without_histograms()).steps.size(), 3U);
  EXPECT_NE(store_error([&] { load_run(path); }), "");
}

// The writer may thin a step whose metrics were read ahead.
TEST(ReaderTest, AStepThatIsThinnedMeanwhileHasMetricsAlone) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  write_run(path, plain_run(3, 7));
  RunReader reader(path);
  StepRecord step;
  ASSERT_TRUE(reader.next(step));
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(handle,
                         "DELETE FROM measurement WHERE step = 1; DELETE FROM histogram WHERE step "
                         "= 1; UPDATE step SET thinned = 1 WHERE step = 1",
                         nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(handle);
  ASSERT_TRUE(reader.next(step));
  EXPECT_FALSE(step.measured);
  EXPECT_TRUE(step.sketches.empty());
  ASSERT_TRUE(reader.next(step));
  EXPECT_TRUE(step.measured);
}

}  // namespace
}  // namespace plumb
