// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/judge_harm.h"

#include <gtest/gtest.h>

#include <optional>

#include "tests/diagnose/rule_test.h"
#include "tests/support/loss_course.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

void make_large(const plumb::Run& run, StepRecord& step) {
  for (const char* path : {"0", "2", "4"}) {
    test::put_rms(run.info, step, path, Role::update, -1);
  }
}

/// A run whose first step is too large, and whose losses are these.
plumb::Run large_start(int steps, const std::vector<double>& losses) {
  plumb::Run run = test::with_losses(test::flat_run(3, 32, "relu", 1), steps, losses);
  make_large(run, run.steps[0]);
  return run;
}

const Finding& only(const std::vector<Finding>& findings) {
  EXPECT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings.front().rule, "update_too_large");
  return findings.front();
}

TEST(JudgeHarmTest, WhatDidNoHarmIsANote) {
  const auto findings = diagnose(large_start(120, {2.3, 0.2, 0.2}));
  EXPECT_EQ(only(findings).severity, Severity::note);
  EXPECT_EQ(only(findings).did_harm, false);
}

TEST(JudgeHarmTest, WhatDidHarmIsNotForgottenWhenItIsOver) {
  const auto findings = diagnose(large_start(120, {2.3, 2.3}));
  EXPECT_TRUE(only(findings).over);
  EXPECT_GE(only(findings).severity, Severity::warning);
  EXPECT_EQ(only(findings).did_harm, true);
}

TEST(JudgeHarmTest, OfFewStepsNothingIsSaid) {
  const auto findings = diagnose(large_start(20, {2.3, 0.1, 0.1}));
  EXPECT_FALSE(only(findings).did_harm.has_value());
  EXPECT_GE(only(findings).severity, Severity::warning);
}

// Of labels full of noise no network gets further.
TEST(JudgeHarmTest, WhatWasOverSoonInANetworkThatLearnsDidNoHarm) {
  const auto findings = diagnose(large_start(120, {2.3, 1.2, 1.2}));
  EXPECT_EQ(only(findings).severity, Severity::note);
  EXPECT_EQ(only(findings).did_harm, false);
}

TEST(JudgeHarmTest, WhatWasOverSoonAndSlowedTheNetworkIsNoNote) {
  const auto findings = diagnose(large_start(200, {2.3, 2.3, 1.2}));
  EXPECT_TRUE(only(findings).over);
  EXPECT_GE(only(findings).severity, Severity::warning);
  EXPECT_FALSE(only(findings).did_harm.has_value());
}

// Nine in ten are right, and the others cost more than a guess.
TEST(JudgeHarmTest, ALossAboveTheBaselineIsNoLearningWithoutHarm) {
  plumb::Run run = large_start(120, {2.3, 40, 40});
  run.info.baseline = Baseline{.loss = 2.3, .accuracy = 0.1};
  for (std::size_t s = 5; s < run.steps.size(); ++s) run.steps[s].accuracy = 0.95;
  for (const Finding& finding : diagnose(run)) {
    if (finding.rule == "update_too_large") {
      EXPECT_GE(finding.severity, Severity::warning);
    }
  }
}

TEST(JudgeHarmTest, HalfWayNothingIsSaidOfWhatLasts) {
  plumb::Run run = large_start(120, {2.3, 1.2, 1.2});
  for (StepRecord& step : run.steps) {
    if (step.measured) make_large(run, step);
  }
  const auto findings = diagnose(run);
  EXPECT_FALSE(only(findings).did_harm.has_value());
  EXPECT_GE(only(findings).severity, Severity::warning);
}

std::optional<bool> harm_of(const char* rule, double loss_at_end) {
  const plumb::Run run =
      test::with_losses(test::flat_run(3, 32, "relu", 1), 120, {2.3, loss_at_end, loss_at_end});
  const RunView view(run);
  Finding finding;
  finding.rule = rule;
  finding.severity = Severity::warning;
  finding.cause.kind = CauseKind::depth;
  finding.over = true;
  finding.last_step = 1;
  std::vector<Finding> findings{finding};
  judge_harm(view, findings);
  EXPECT_EQ(findings[0].severity,
            findings[0].did_harm.has_value() ? Severity::note : Severity::warning);
  return findings[0].did_harm;
}

TEST(JudgeHarmTest, SamplesThatLookAlikeAreClearedByHowFarItComesAlone) {
  EXPECT_EQ(harm_of("collapsed_signal", 0.2), false);
  EXPECT_FALSE(harm_of("collapsed_signal", 1.2).has_value());
  EXPECT_EQ(harm_of("update_too_large", 1.2), false);
}

}  // namespace
}  // namespace plumb
