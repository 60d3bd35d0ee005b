// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/run_keeper.h"

#include <gtest/gtest.h>

#include "plumb/core/error.h"
#include "tests/report/sample_runs.h"

namespace plumb {
namespace {

void feed(RunKeeper& keeper, const plumb::Run& run) {
  keeper.begin(run.info);
  for (const StepRecord& step : run.steps) keeper.add(step);
  if (run.end) keeper.end(*run.end);
}

std::vector<std::int64_t> kept_steps(RunKeeper& keeper) {
  std::vector<std::int64_t> steps;
  for (const StepRecord* step : keeper.run().measured()) steps.push_back(step->step);
  return steps;
}

TEST(RunKeeperTest, KeepsTheMetricsOfAllAndTheRecordsOfAFew) {
  const plumb::Run run = test::sick_run();
  RunKeeper keeper([](std::int64_t step) { return step == 5; });
  feed(keeper, run);
  EXPECT_EQ(keeper.run().steps.size(), run.steps.size());
  EXPECT_EQ(kept_steps(keeper), (std::vector<std::int64_t>{0, 5, 11}));
  EXPECT_EQ(keeper.run().steps[7].loss, run.steps[7].loss);
  EXPECT_EQ(keeper.diagnosed().measured, run.measured().size());
}

// What is shown is what a run held as a whole shows.
TEST(RunKeeperTest, TheTableIsThatOfTheWholeRun) {
  for (const plumb::Run& run : {test::sick_run(), test::healthy_run(), test::time_run()}) {
    RunKeeper keeper;
    feed(keeper, run);
    EXPECT_EQ(keeper.table(), render_table(run));
    EXPECT_EQ(keeper.run().findings, Diagnosis(run).findings());
  }
}

// The last step with numbers is shown, and the last of all says that they are gone.
TEST(RunKeeperTest, KeepsTheLastFiniteStepAndTheLastOne) {
  const plumb::Run run = test::nasty_run();
  RunKeeper keeper;
  feed(keeper, run);
  EXPECT_EQ(kept_steps(keeper), (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_EQ(keeper.table(), render_table(run));
}

TEST(RunKeeperTest, EachMeasuredStepIsBookedOnceHoweverOftenItIsAsked) {
  const plumb::Run run = test::healthy_run();
  const std::uint64_t before = steps_booked();
  RunKeeper keeper;
  feed(keeper, run);
  const DiagnosedRun diagnosed = keeper.diagnosed();
  EXPECT_FALSE(keeper.table().empty());
  EXPECT_FALSE(report_json(std::span(&diagnosed, 1)).empty());
  EXPECT_TRUE(keeper.run().is_diagnosed());
  EXPECT_TRUE(keeper.run().findings->empty());
  EXPECT_EQ(steps_booked() - before, run.measured().size());
}

class CountingSink : public RecordSink {
 public:
  void begin(const RunInfo&) override { ++calls; }
  void grow(const RunInfo&) override { ++calls; }
  void add(const StepRecord&) override { ++calls; }
  void end(const RunEnd&) override { ++calls; }
  int calls = 0;
};

TEST(RunKeeperTest, HandsEverythingOn) {
  const plumb::Run run = test::healthy_run();
  CountingSink sink;
  RunKeeper keeper({}, &sink);
  feed(keeper, run);
  EXPECT_EQ(sink.calls, static_cast<int>(run.steps.size()) + 2);
}

TEST(RunKeeperTest, AStepBeforeTheRunBeginsIsRefused) {
  RunKeeper keeper;
  EXPECT_THROW(keeper.add(StepRecord{}), UsageError);
}

}  // namespace
}  // namespace plumb
