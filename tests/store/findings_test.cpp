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
  run.findings = {{"exploding_gradient",
                   Severity::warning,
                   "3",
                   1,
                   2,
                   "s",
                   {{"q", 1, 2, "t"}},
                   "c",
                   "d",
                   {"r"}}};
  save_findings(path, run.findings);
  EXPECT_EQ(describe(load_run(path)), describe(run));
  run.findings.clear();
  save_findings(path, run.findings);
  EXPECT_EQ(describe(load_run(path)), describe(run));
}

TEST(FindingsTest, CanBeSavedWhileTheRunIsWritten) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  plumb::Run run = plain_run(400, 14);
  run.findings = rich_run().findings;
  RunWriter writer(path);
  writer.begin(run.info);
  for (const StepRecord& step : run.steps) {
    writer.add(step);
    if (step.step % 40 == 0) save_findings(path, run.findings);
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
