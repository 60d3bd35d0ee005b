// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/sorted_batches.h"

#include <gtest/gtest.h>

#include "tests/diagnose/rule_test.h"
#include "tests/support/loss_course.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

plumb::Run sorted(const std::vector<double>& losses, double between, double right_in_validation) {
  plumb::Run run = test::with_losses(test::flat_run(3, 32, "relu", 1), 200, losses);
  run.info.batch = 32;
  run.info.data_info = test::data_of(960, {}, {}, std::vector<std::int64_t>(10, 96));
  run.info.data_info->between_batches = between;
  run.steps.back().validation_loss = 2;
  run.steps.back().validation_accuracy = right_in_validation;
  return run;
}

std::vector<Finding> found(const plumb::Run& run) {
  return test::findings_of(check_sorted_batches, run);
}

TEST(SortedBatchesTest, WhatDoesNotHoldInValidationIsAWarning) {
  const plumb::Run run = sorted({2.31, 0.1}, 0.95, 0.3);
  const auto findings = found(run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::warning);
  EXPECT_EQ(findings[0].cause.kind, CauseKind::batch_order);
  EXPECT_EQ(test::first_remedy(findings[0]), RemedyKind::shuffle);
  EXPECT_EQ(findings[0].did_harm, true);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_TRUE(test::contains(words_of(run.info, findings, findings[0]).symptom,
                             "95 % of what differs in the targets"));
}

TEST(SortedBatchesTest, WhatHoldsThereIsANote) {
  const auto findings = found(sorted({2.31, 0.1}, 0.95, 0.95));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::note);
  EXPECT_EQ(findings[0].did_harm, false);
}

TEST(SortedBatchesTest, ANetworkAtItsBaselineIsCritical) {
  const auto findings = found(sorted({2.31, 2.3}, 0.95, 0.1));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::critical);
}

TEST(SortedBatchesTest, SilentOnAnOrderThatTellsNothingAndOnOneThatIsNotKnown) {
  EXPECT_TRUE(found(sorted({2.31, 2.3}, 1 / 32.0, 0.1)).empty());
  EXPECT_TRUE(found(sorted({2.31, 2.3}, 0.3, 0.1)).empty());
  plumb::Run run = sorted({2.31, 2.3}, 0.95, 0.1);
  run.info.data_info->between_batches.reset();
  EXPECT_TRUE(found(run).empty());
  run = sorted({2.31, 2.3}, 0.95, 0.1);
  run.info.batch = 2;
  EXPECT_TRUE(found(run).empty());
}

}  // namespace
}  // namespace plumb
