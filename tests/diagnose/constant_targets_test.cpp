// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/constant_targets.h"

#include <gtest/gtest.h>

#include "tests/diagnose/rule_test.h"
#include "tests/support/loss_course.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

plumb::Run run_on(const std::vector<ColumnInfo>& targets, const std::vector<std::int64_t>& sizes) {
  plumb::Run run = test::flat_run(3, 16, "relu", 3);
  run.info.data_info = test::data_of(300, {}, targets, sizes);
  return run;
}

std::vector<Finding> found(const plumb::Run& run) {
  return test::findings_of(check_constant_targets, run);
}

std::string symptom(const plumb::Run& run) {
  const auto findings = found(run);
  return findings.size() == 1 ? words_of(run.info, findings, findings[0]).symptom : "not one";
}

TEST(ConstantTargetsTest, LabelsOfOneClassAreCritical) {
  const auto run = run_on({}, {0, 300, 0});
  EXPECT_EQ(symptom(run), "Every label is of one class (1).");
  EXPECT_EQ(found(run)[0].severity, Severity::critical);
  EXPECT_TRUE(test::is_complete(run.info, found(run)[0]));
}

TEST(ConstantTargetsTest, TargetsOfOneValueAreCriticalAndOneColumnOfSeveralIsANote) {
  const auto equal = run_on({{"y", 0.25, 0, 0.25, 0.25}}, {});
  EXPECT_EQ(symptom(equal), "Every target is 0.25.");
  EXPECT_EQ(found(equal)[0].severity, Severity::critical);
  const auto one = run_on({{"y", 0, 1, -2, 2}, {"z", 3, 0, 3, 3}}, {});
  EXPECT_EQ(symptom(one), "1 of 2 target columns is the same for every sample; column 1 is 3.");
  EXPECT_EQ(found(one)[0].severity, Severity::note);
}

// However well the constant is learned.
TEST(ConstantTargetsTest, AConvergedLossMakesItNoNote) {
  plumb::Run run = test::with_losses(run_on({}, {300}), 200, {0.5, 1e-6, 1e-6});
  const auto findings = diagnose(run);
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].rule, "constant_targets");
  EXPECT_EQ(findings[0].severity, Severity::critical);
}

TEST(ConstantTargetsTest, SilentWhereSomethingVariesOrNotAllIsKnown) {
  EXPECT_TRUE(found(run_on({}, {299, 1})).empty());
  EXPECT_TRUE(found(run_on({}, {200, 0})).empty()) << "labels that were not seen";
  EXPECT_TRUE(found(run_on({{"y", 0, 1e-9, 0, 1e-8}}, {})).empty());
  EXPECT_TRUE(found(run_on({}, {})).empty());
}

}  // namespace
}  // namespace plumb
