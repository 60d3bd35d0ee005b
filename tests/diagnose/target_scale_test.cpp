// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/target_scale.h"

#include <gtest/gtest.h>

#include "tests/diagnose/rule_test.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

plumb::Run run_to(const std::vector<ColumnInfo>& targets) {
  plumb::Run run = test::flat_run(3, 16, "relu", 3);
  run.info.loss = "mse";
  run.info.data_info = test::data_of(300, {}, targets, {});
  return run;
}

std::vector<Finding> found(const plumb::Run& run) {
  return test::findings_of(check_target_scale, run);
}

TEST(TargetScaleTest, FarTargetsAreCriticalAndTheirMeanIsSaid) {
  const auto run = run_to({{"y", 2e4, 5e3, 0, 4e4}});
  const auto findings = found(run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_EQ(findings[0].severity, Severity::critical);
  EXPECT_EQ(test::first_remedy(findings[0]), RemedyKind::scale_targets);
  EXPECT_TRUE(test::contains(words_of(run.info, findings, findings[0]).symptom,
                             "mean 2e+04, deviation 5e+03"));
}

TEST(TargetScaleTest, AMeanOfManyDeviationsIsAWarning) {
  for (const double deviation : {0.7, 0.5}) {
    const auto run = run_to({{"y", 6, deviation, 4, 8}});
    const auto findings = found(run);
    ASSERT_EQ(findings.size(), deviation < 0.6 ? 1u : 0u);
    if (findings.empty()) continue;
    EXPECT_EQ(findings[0].severity, Severity::warning);
    EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  }
}

TEST(TargetScaleTest, TheLargestOfSeveralIsNamed) {
  const auto findings = found(run_to({{"", 0, 1, -3, 3}, {"", 0, 40, -99, 99}, {"", 0, 2, -3, 3}}));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::warning);
  EXPECT_EQ(test::value_of(findings[0], Quantity::column_number), 1);
}

TEST(TargetScaleTest, TinyTargetsAreAWarning) {
  EXPECT_EQ(found(run_to({{"y", 0, 1e-3, -1, 1}})).size(), 1u);
}

TEST(TargetScaleTest, SilentOnOrdinaryTargetsClassesAndOtherLosses) {
  EXPECT_TRUE(found(run_to({{"y", 3, 2, 0, 9}})).empty());
  EXPECT_TRUE(found(run_to({{"y", 0, 0, 0, 0}})).empty());
  EXPECT_TRUE(found(run_to({})).empty());
  auto other = run_to({{"y", 2e4, 5e3, 0, 4e4}});
  other.info.loss = "";
  EXPECT_TRUE(found(other).empty());
}

}  // namespace
}  // namespace plumb
