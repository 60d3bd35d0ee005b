// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/sorted_batches.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/diagnose/rule_test.h"
#include "tests/support/loss_course.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

struct Course {
  std::vector<double> losses;
  double between = 0.95;
  std::optional<double> validation = {};
  double highest = 0;  ///< of one step; 0 for none above the others
};

/// Ten equal classes, 200 steps of 32 of 960 samples.
plumb::Run sorted(const Course& course) {
  plumb::Run run = test::with_losses(test::flat_run(3, 32, "relu", 1), 200, course.losses);
  run.info.batch = 32;
  run.info.loss = "cross_entropy";
  run.info.data_info = test::data_of(960, {}, {}, std::vector<std::int64_t>(10, 96));
  run.info.data_info->between_batches = course.between;
  run.steps.back().validation_loss = course.validation;
  if (course.highest > 0) run.steps[150].loss = course.highest;
  return run;
}

std::vector<Finding> found(const plumb::Run& run) {
  return test::findings_of(check_sorted_batches, run);
}

Severity severity_of(const plumb::Run& run) {
  const auto findings = found(run);
  EXPECT_EQ(findings.size(), 1U);
  return findings.empty() ? Severity::note : findings[0].severity;
}

TEST(SortedBatchesTest, WhatDoesNotHoldInValidationIsAWarning) {
  plumb::Run run = sorted({.losses = {2.31, 0.1}, .validation = 2, .highest = 4});
  run.steps.back().validation_accuracy = 0.3;
  const auto findings = found(run);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].severity, Severity::warning);
  EXPECT_EQ(findings[0].cause.kind, CauseKind::batch_order);
  EXPECT_EQ(test::first_remedy(findings[0]), RemedyKind::shuffle);
  EXPECT_EQ(findings[0].did_harm, true);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  const std::string symptom = words_of(run.info, findings, findings[0]).symptom;
  EXPECT_TRUE(test::contains(symptom, "95 % of what differs in the targets"));
  EXPECT_TRUE(test::contains(symptom, "Where the kind changes the loss rises to 4."));
}

TEST(SortedBatchesTest, WhatHoldsThereIsANote) {
  const auto findings = found(sorted({.losses = {2.31, 0.1}, .validation = 0.12, .highest = 4}));
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].severity, Severity::note);
  EXPECT_EQ(findings[0].did_harm, false);
}

// Where no batch surprises the network, validation is worse for another reason: it overfits.
TEST(SortedBatchesTest, WithoutAHighLossAWorseValidationIsNoSign) {
  EXPECT_EQ(severity_of(sorted({.losses = {2.31, 0.1}, .validation = 2})), Severity::note);
}

// But no sample is learned by heart in one visit, and in one epoch no kind comes again.
TEST(SortedBatchesTest, InTheFirstEpochsItIs) {
  plumb::Run run = sorted({.losses = {2.31, 0.1}, .validation = 2});
  run.info.data_info->samples = 200 * 32 / 2;
  EXPECT_EQ(severity_of(run), Severity::warning);
  run.info.data_info->samples -= 1;
  EXPECT_EQ(severity_of(run), Severity::note);
}

// ln 10 is what the constant answer has on any of ten equal classes.
TEST(SortedBatchesTest, WithoutAValidationPartTheHighestLossTells) {
  EXPECT_EQ(severity_of(sorted({.losses = {2.31, 1}, .highest = 2.8})), Severity::warning);
  EXPECT_EQ(severity_of(sorted({.losses = {2.31, 1}, .highest = 2.7})), Severity::note);
  plumb::Run rare = sorted({.losses = {2.31, 1}, .highest = 2.8});
  rare.info.data_info->class_sizes[9] = 8;  // -ln(8 / 872) = 4.7
  EXPECT_EQ(severity_of(rare), Severity::note);
}

TEST(SortedBatchesTest, ANetworkAtItsBaselineIsCritical) {
  EXPECT_EQ(severity_of(sorted({.losses = {2.31, 2.3}})), Severity::critical);
}

TEST(SortedBatchesTest, StepsThatAreTooSmallForAnyOrderAreNotOfTheOrder) {
  const plumb::Run run = sorted({.losses = {2.31, 2.3}});
  std::vector<Finding> findings(1);
  findings[0].rule = "stalled_layer";
  findings[0].severity = Severity::critical;
  check_sorted_batches(RunView(run), findings);
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[1].severity, Severity::note);
}

TEST(SortedBatchesTest, SilentOnAnOrderThatTellsNothingAndOnOneThatIsNotKnown) {
  EXPECT_TRUE(found(sorted({.losses = {2.31, 2.3}, .between = 1 / 32.0})).empty());
  EXPECT_TRUE(found(sorted({.losses = {2.31, 2.3}, .between = 0.2})).empty());
  plumb::Run run = sorted({.losses = {2.31, 2.3}});
  run.info.data_info->between_batches.reset();
  EXPECT_TRUE(found(run).empty());
  run = sorted({.losses = {2.31, 2.3}});
  run.info.batch = 2;
  EXPECT_TRUE(found(run).empty());
}

}  // namespace
}  // namespace plumb
