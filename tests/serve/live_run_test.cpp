// SPDX-License-Identifier: Apache-2.0
#include "plumb/serve/live_run.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "plumb/core/error.h"
#include "tests/support/run_builder.h"
#include "tests/support/temp_dir.h"

namespace plumb::serve {
namespace {

/// Of one rms everywhere, or falling by `octaves` a layer towards the input.
Run run_of(int steps, double octaves) {
  Run run = test::flat_run(12, 64, "sigmoid", steps);
  for (StepRecord& step : run.steps) {
    for (const LayerInfo& layer : run.info.layers) {
      if (layer.family == LayerFamily::linear) {
        test::put_rms(run.info, step, layer.path, Role::grad_z, -octaves * (12 - layer.depth));
      }
    }
  }
  return run;
}

void write(const Run& run, const std::string& path, bool with_end) {
  RunWriter writer(path);
  writer.begin(run.info);
  for (const StepRecord& step : run.steps) writer.add(step);
  if (with_end) writer.end({"finished", static_cast<std::int64_t>(run.steps.size()), 1});
  writer.close();
}

TEST(LiveRunTest, ReadsWhatComesWhileItIsWritten) {
  const testing::TempDir dir;
  const std::string path = dir.file("run.plumb");
  const plumb::Run run = run_of(6, 0);
  RunWriter writer(path);
  writer.begin(run.info);
  LiveRun live(path);
  EXPECT_FALSE(live.poll());
  EXPECT_EQ(live.steps(), 0);
  for (std::size_t i = 0; i < 3; ++i) writer.add(run.steps[i]);
  for (int wait = 0; wait < 200 && live.steps() < 3; ++wait) {
    live.poll();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_EQ(live.steps(), 3);
  EXPECT_FALSE(live.end().has_value());
  for (std::size_t i = 3; i < 6; ++i) writer.add(run.steps[i]);
  writer.end({"finished", 6, 1});
  writer.close();
  while (live.poll()) {
  }
  EXPECT_EQ(live.steps(), 6);
  ASSERT_TRUE(live.end().has_value());
  EXPECT_EQ(live.end()->reason, "finished");
}

TEST(LiveRunTest, TellsReachAndProfile) {
  const testing::TempDir dir;
  const plumb::Run run = run_of(3, 2);
  write(run, dir.file("run.plumb"), true);
  LiveRun live(dir.file("run.plumb"));
  while (live.poll()) {
  }
  ASSERT_EQ(live.last_profile().size(), 12u);
  EXPECT_NEAR(live.last_profile().front().log2_grad_z, -22, 0.1);
  EXPECT_NEAR(live.reach().last().value, -22, 0.2);
  EXPECT_FALSE(live.findings().empty());
  EXPECT_FALSE(live.verdict().empty());
}

TEST(LiveRunTest, TakesTheStoredFindingsOfARunThatIsOver) {
  const testing::TempDir dir;
  const plumb::Run run = run_of(20, 2);
  const std::string path = dir.file("run.plumb");
  write(run, path, true);
  Finding stored;
  stored.rule = "dead_relu";
  stored.severity = Severity::note;
  stored.place = Place::loss();
  save_findings(path, std::span(&stored, 1));
  LiveRun live(path);
  while (live.poll(7)) {
  }
  EXPECT_EQ(live.steps(), 20);
  ASSERT_EQ(live.findings().size(), 1u);
  EXPECT_EQ(live.findings().front().rule, "dead_relu");
  EXPECT_NEAR(live.reach().last().value, -22, 0.2);
}

TEST(LiveRunTest, ALossThatIsNoNumberIsSeen) {
  const testing::TempDir dir;
  plumb::Run run = run_of(4, 0);
  run.steps[2].loss = std::nan("");
  write(run, dir.file("run.plumb"), false);
  LiveRun live(dir.file("run.plumb"));
  while (live.poll()) {
  }
  EXPECT_TRUE(live.saw_nonfinite());
}

TEST(LiveRunTest, RefusesWhatIsNoRun) {
  const testing::TempDir dir;
  EXPECT_THROW(LiveRun(dir.write("text.plumb", "hello")), StoreError);
  EXPECT_THROW(LiveRun(dir.file("none.plumb")), StoreError);
}

}  // namespace
}  // namespace plumb::serve
