// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>

#include "plumb/store/run_file.h"
#include "tests/store/run_fixture.h"

namespace plumb {
namespace {

TEST(FindingsTest, AreReplacedAsAWhole) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  plumb::Run run = rich_run();
  write_run(path, run);
  Finding finding;
  finding.rule = "exploding_gradient";
  finding.place = Place::layer(2);
  finding.remedies = {{RemedyKind::clip_norm, {}, {{"at", 1.0}}, {}}};
  run.findings = {finding};
  save_findings(path, *run.findings);
  EXPECT_EQ(describe(load_run(path)), describe(run));
  run.findings.emplace();
  save_findings(path, *run.findings);
  EXPECT_EQ(describe(load_run(path)), describe(run));
}

TEST(FindingsTest, ARunIsDiagnosedOnceItsFindingsAreSaved) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  write_run(path, plain_run(2, 7));
  EXPECT_FALSE(load_run(path).is_diagnosed());
  EXPECT_FALSE(RunReader(path).findings());
  save_findings(path, {});
  EXPECT_TRUE(load_run(path).is_diagnosed());
  EXPECT_TRUE(load_run(path).findings->empty());
}

TEST(FindingsTest, AtALayerThatTheRunLacksAreRefused) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  write_run(path, plain_run(2, 7));
  Finding finding;
  finding.rule = "dead_units";
  finding.remedies = {{RemedyKind::set_bias, Place::layer(99), {}, {}}};
  EXPECT_EQ(store_error([&] {
              save_findings(path, {&finding, 1});
            }),
            path + ": finding dead_units names layer 99, the graph has 3");
  finding.remedies[0].target = Place::param(7);
  EXPECT_EQ(store_error([&] {
              save_findings(path, {&finding, 1});
            }),
            path + ": finding dead_units names parameter 7, the graph has 2");
  EXPECT_FALSE(load_run(path).is_diagnosed());
}

TEST(FindingsTest, CanBeSavedWhileTheRunIsWritten) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  plumb::Run run = plain_run(400, 14);
  run.findings.emplace(2);
  run.findings->back().place = Place::layer(2, Role::a);
  RunWriter writer(path);
  writer.begin(run.info);
  for (const StepRecord& step : run.steps) {
    writer.add(step);
    if (step.step % 40 == 0) save_findings(path, *run.findings);
  }
  writer.close();
  EXPECT_EQ(describe(load_run(path)), describe(run));
}

TEST(FindingsTest, WithoutWritePermissionSayWhy) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  write_run(path, rich_run());
  EXPECT_EQ(store_error_of_stranger(folder, [&] { save_findings(path, {}); }),
            path + ": attempt to write a readonly database");
}

}  // namespace
}  // namespace plumb
