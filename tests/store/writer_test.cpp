// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include "plumb/store/run_file.h"
#include "tests/store/run_fixture.h"

namespace plumb {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

std::string close_error(RunWriter& writer) {
  return store_error([&] { writer.close(); });
}

// That the file holds the first steps of the run, complete; returns how many.
std::size_t expect_prefix(const std::string& path, const plumb::Run& run) {
  const auto steps = load_run(path).steps;
  EXPECT_LE(steps.size(), run.steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i)
    EXPECT_EQ(describe(steps[i]), describe(run.steps[i]));
  return steps.size();
}

TEST(RunWriterTest, TellsWhatWritingTook) {
  const ScratchFolder folder;
  RunWriter writer(folder / "a.plumb");
  EXPECT_EQ(writer.writing_s(), 0);
  const plumb::Run run = plain_run(4, 7);
  writer.begin(run.info);
  const double begun = writer.writing_s();
  EXPECT_GT(begun, 0);
  for (const StepRecord& step : run.steps) writer.add(step);
  writer.close();
  EXPECT_GT(writer.writing_s(), begun);
  EXPECT_LT(writer.writing_s(), 10);
}

TEST(RunWriterTest, BeginAndEndAreInTheFileWhenTheyReturn) {
  const ScratchFolder folder;
  const plumb::Run run = plain_run(4, 7);
  RunWriter writer(folder / "a.plumb");
  writer.begin(run.info);
  EXPECT_EQ(load_run(folder / "a.plumb").info.network, run.info.network);
  for (const StepRecord& step : run.steps) writer.add(step);
  writer.end({"finished", 4, 1.5});
  const plumb::Run loaded = load_run(folder / "a.plumb");
  EXPECT_EQ(loaded.steps.size(), 4U);
  ASSERT_TRUE(loaded.end);
  EXPECT_EQ(loaded.end->reason, "finished");
}

TEST(RunWriterTest, AStepIsInTheFileSoon) {
  const ScratchFolder folder;
  RunWriter writer(folder / "a.plumb");
  writer.begin({});
  writer.add({});
  const auto start = std::chrono::steady_clock::now();
  while (load_run(folder / "a.plumb").steps.empty()) {
    const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - start;
    ASSERT_LT(waited.count(), 60) << "it comes; half a second is a quiet machine's";
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

TEST(RunWriterTest, CloseLeavesOneFileAndMayBeCalledAgain) {
  const ScratchFolder folder;
  RunWriter writer(folder / "a.plumb");
  writer.begin({});
  writer.add({});
  writer.close();
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
  EXPECT_EQ(close_error(writer), "");
  EXPECT_EQ(load_run(folder / "a.plumb").steps.size(), 1U);
}

TEST(RunWriterTest, ADestroyedWriterHasWrittenEverything) {
  const ScratchFolder folder;
  {
    RunWriter writer(folder / "a.plumb");
    writer.begin({});
    writer.add({});
  }
  EXPECT_EQ(load_run(folder / "a.plumb").steps.size(), 1U);
}

TEST(RunWriterTest, AStepThatDoesNotAscendStopsTheRecording) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  plumb::Run run = plain_run(3, 7);
  RunWriter writer(path);
  writer.begin(run.info);
  for (const StepRecord& step : run.steps) writer.add(step);
  EXPECT_FALSE(writer.error());
  writer.add(run.steps[1]);
  EXPECT_EQ(writer.error(), path + ": step 1 after step 2, expected ascending steps");
  StepRecord late;
  late.step = 9;
  writer.add(late);
  writer.end({"finished", 4, 1});
  EXPECT_EQ(close_error(writer), path + ": step 1 after step 2, expected ascending steps");
  EXPECT_EQ(close_error(writer), "") << "thrown once";
}

TEST(RunWriterTest, CallsOutOfOrderAreErrorsOfTheRun) {
  const ScratchFolder folder;
  RunWriter early(folder / "a.plumb");
  early.add({});
  EXPECT_THAT(close_error(early), HasSubstr("add() called before begin()"));
  RunWriter ended(folder / "b.plumb");
  ended.end({});
  EXPECT_THAT(close_error(ended), HasSubstr("end() called before begin()"));
  RunWriter twice(folder / "c.plumb");
  twice.begin({});
  twice.begin({});
  EXPECT_THAT(close_error(twice), HasSubstr("begin() called twice"));
}

TEST(RunWriterTest, ARecordOfWhatTheGraphLacksStopsTheRecording) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  RunWriter writer(path);
  writer.begin(chain_info(2));
  StepRecord step;
  step.measured = true;
  step.sketches.push_back({Site::layer(3, Role::z), {}});
  writer.add(step);
  EXPECT_EQ(close_error(writer),
            path + ": step 0 has sketches whose layout names layer 3, the graph has 3");
  EXPECT_TRUE(load_run(path).steps.empty());
}

TEST(RunWriterTest, AGraphThatGrowsIsReadAsItIsInTheEnd) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  RunWriter writer(path);
  writer.begin(chain_info(1));
  StepRecord step;
  step.measured = true;
  step.sketches.push_back({Site::layer(1, Role::z), {}});
  writer.add(step);
  writer.end({});
  RunReader reader(path);
  StepRecord read;
  ASSERT_TRUE(reader.next(read));
  EXPECT_EQ(reader.info().layers.size(), 2U);
  writer.grow(chain_info(2));
  step.step = 1;
  step.sketches.push_back({Site::layer(2, Role::z), {}});
  step.sketches.push_back({Site::param(1, Role::weight), {}});
  writer.add(step);
  writer.close();
  ASSERT_TRUE(reader.next(read));
  EXPECT_EQ(describe(read), describe(step));
  EXPECT_EQ(reader.info().layers, chain_info(2).layers);
  EXPECT_EQ(reader.info().params, chain_info(2).params);
  EXPECT_FALSE(reader.next(read));
  EXPECT_EQ(load_run(path).info.layers, chain_info(2).layers);
}

TEST(RunWriterTest, AGraphWhoseIdsNameNothingIsRefused) {
  const ScratchFolder folder;
  RunInfo info = chain_info(2);
  info.layers[1].inputs[0].from = 5;
  RunWriter writer(folder / "a.plumb");
  writer.begin(info);
  EXPECT_EQ(close_error(writer), folder / "a.plumb" + ": layer 1 reads layer 5, the graph has 3");
}

// The limit of the process on the size of files makes write() fail as a full disk would, log
// included.
TEST(RunWriterTest, AFailingDiskStopsTheRecordingAndKeepsWhatWasWritten) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  const plumb::Run run = plain_run(300, 70);
  const std::size_t good_steps = 100;
  kill_after([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    RunWriter writer(path);
    writer.begin(run.info);
    for (std::size_t i = 0; i < good_steps; ++i) writer.add(run.steps[i]);
    while (load_run(path).steps.size() < good_steps) {
    }
    const rlimit limit{fs::file_size(path + "-wal") + 10'000, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    for (std::size_t i = good_steps; i < run.steps.size(); ++i) writer.add(run.steps[i]);
    writer.end({"finished", 300, 1});
    const std::string message = close_error(writer);
    const rlimit no_limit{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &no_limit);
    write_file(folder / "message", message);
  });
  EXPECT_THAT(read_file(folder / "message"), testing::StartsWith(path + ": disk I/O error"));
  EXPECT_EQ(expect_prefix(path, run), good_steps);
}

TEST(RunWriterTest, AddDoesNotWaitForAFileThatIsLocked) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  const plumb::Run run = plain_run(200, 70);
  RunWriter writer(path);
  writer.begin(run.info);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto start = std::chrono::steady_clock::now();
  for (const StepRecord& step : run.steps) writer.add(step);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_LT(took.count(), 5.0) << "the writer itself waits for up to ten seconds";
  std::this_thread::sleep_for(std::chrono::milliseconds(600));  // the writer is due, and waits
  EXPECT_TRUE(load_run(path).steps.empty());
  sqlite3_close(other);
  writer.close();
  EXPECT_EQ(expect_prefix(path, run), run.steps.size());
}

TEST(RunWriterTest, AddWaitsOnlyWhenTheQueueIsFull) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  const plumb::Run run = plain_run(40, 700);  // above 100 bytes a sketch: 2.8 MB
  RunWriter writer(path, {.max_queue_bytes = 1 << 20});
  writer.begin(run.info);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  std::atomic<std::size_t> added = 0;
  std::thread training([&] {
    for (const StepRecord& step : run.steps) {
      writer.add(step);
      ++added;
    }
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(800));
  EXPECT_GT(added, 5U);
  EXPECT_LT(added, run.steps.size());
  sqlite3_close(other);
  training.join();
  writer.close();
  EXPECT_EQ(expect_prefix(path, run), run.steps.size());
}

}  // namespace
}  // namespace plumb
