// SPDX-License-Identifier: Apache-2.0
#include "plumb/serve/watcher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/support/run_builder.h"
#include "tests/support/temp_dir.h"

namespace plumb::serve {
namespace {

using Json = nlohmann::json;

void write(const std::string& path, double octaves) {
  plumb::Run run = test::flat_run(12, 64, "sigmoid", 3);
  for (StepRecord& step : run.steps) {
    for (const LayerInfo& layer : run.info.layers) {
      if (layer.family == LayerFamily::linear) {
        test::put_rms(run.info, step, layer.path, Role::grad_z, -octaves * (12 - layer.depth));
      }
    }
  }
  RunWriter writer(path);
  writer.begin(run.info);
  for (const StepRecord& step : run.steps) writer.add(step);
  writer.end({"finished", 3, 1});
  writer.close();
}

std::vector<std::string> types(const EventLog::Batch& batch) {
  std::vector<std::string> all;
  for (const EventLog::Event& event : batch.events) all.push_back(event.type);
  return all;
}

TEST(WatcherTest, TellsRunsAndTheirFindingsOnce) {
  const testing::TempDir dir;
  write(dir.file("sick.plumb"), 2);
  EventLog log("a");
  Watcher watcher(RunFolder({dir.path()}), log);
  watcher.tick();
  const auto first = log.after(0, std::chrono::milliseconds(0));
  ASSERT_GE(first.events.size(), 2u);
  EXPECT_EQ(types(first).back(), "run");
  EXPECT_EQ(types(first).front(), "finding");
  const Json rows = Json::parse(watcher.rows_json());
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0]["name"], "sick");
  EXPECT_EQ(rows[0]["standing"], "ended");
  EXPECT_EQ(rows[0]["step"], 3);
  watcher.tick();
  watcher.tick();
  EXPECT_TRUE(log.after(first.last, std::chrono::milliseconds(0)).events.empty());
}

TEST(WatcherTest, ViewHasProfileCurvesAndFindings) {
  const testing::TempDir dir;
  write(dir.file("sick.plumb"), 2);
  EventLog log("a");
  Watcher watcher(RunFolder({dir.path()}), log);
  EXPECT_FALSE(watcher.view(0).has_value());
  watcher.tick();
  ASSERT_TRUE(watcher.view(0).has_value());
  const Json view = Json::parse(*watcher.view(0));
  EXPECT_EQ(view["profile"].size(), 12u);
  EXPECT_NEAR(view["profile"][0]["flow"].get<double>(), -22 * 0.30103, 0.1);
  EXPECT_EQ(view["loss"].size(), 3u);
  EXPECT_GE(view["findings"].size(), 1u);
  EXPECT_FALSE(watcher.view(1).has_value());
  EXPECT_FALSE(watcher.path_of(7).has_value());
}

TEST(WatcherTest, AFileThatIsNoRunIsARowThatSaysSo) {
  const testing::TempDir dir;
  dir.write("text.plumb", "hello");
  EventLog log("a");
  Watcher watcher(RunFolder({dir.path()}), log);
  watcher.tick();
  const Json rows = Json::parse(watcher.rows_json());
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_NE(rows[0]["verdict"].get<std::string>().find("not read"), std::string::npos);
  EXPECT_FALSE(watcher.view(0).has_value());
}

TEST(WatcherTest, ARunThatIsReplacedOrGoneIsTold) {
  const testing::TempDir dir;
  const std::string path = dir.file("run.plumb");
  write(path, 0);
  EventLog log("a");
  Watcher watcher(RunFolder({dir.path()}), log);
  watcher.tick();
  const auto before = log.last();
  write(path, 2);
  watcher.tick();
  const auto replaced = types(log.after(before, std::chrono::milliseconds(0)));
  EXPECT_EQ(std::count(replaced.begin(), replaced.end(), "run"), 1);
  EXPECT_GE(std::count(replaced.begin(), replaced.end(), "finding"), 1);
  std::filesystem::remove(path);
  std::this_thread::sleep_for(Watcher::kScan);
  watcher.tick();
  EXPECT_EQ(types(log.after(before, std::chrono::milliseconds(0))).back(), "gone");
  EXPECT_EQ(watcher.rows_json(), "[]");
}

}  // namespace
}  // namespace plumb::serve
