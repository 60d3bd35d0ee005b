// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/missing_outputs.h"

#include <gtest/gtest.h>

#include "tests/diagnose/rule_test.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

plumb::Run run_with(std::int64_t units, const std::vector<std::int64_t>& classes) {
  plumb::Run run = test::flat_run(3, units, "relu", 2);
  run.info.loss = "cross_entropy";
  run.info.data_info = test::data_of(0, {}, {}, classes);
  for (const std::int64_t size : classes) run.info.data_info->samples += size;
  return run;
}

std::vector<Finding> found(const plumb::Run& run) {
  return test::findings_of(check_missing_outputs, run);
}

TEST(MissingOutputsTest, FiresOnLabelsThatNoOutputCanSay) {
  const auto run = run_with(3, {10, 10, 10, 5});
  const auto findings = found(run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_EQ(findings[0].severity, Severity::critical);
}

TEST(MissingOutputsTest, SilentWhereThereAreEnough) {
  EXPECT_TRUE(found(run_with(4, {10, 10, 10, 5})).empty());
  EXPECT_TRUE(found(run_with(7, {10, 10, 10, 5})).empty()) << "spare outputs";
  EXPECT_TRUE(found(run_with(3, {10, 10, 10, 0})).empty()) << "a class without labels";
  auto binary = run_with(1, {10, 10});
  EXPECT_EQ(found(binary).size(), 1u);
  binary.info.loss = "binary_cross_entropy";
  EXPECT_TRUE(found(binary).empty());
  auto steps = run_with(3, {10, 10, 10, 5});
  steps.info.data_info->samples = 5;
  EXPECT_TRUE(found(steps).empty()) << "a label for each time step";
}

}  // namespace
}  // namespace plumb
