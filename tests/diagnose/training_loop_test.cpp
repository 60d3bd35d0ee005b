// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/training_loop.h"

#include <gtest/gtest.h>

#include <string>

#include "plumb/diagnose/loop_faults.h"
#include "plumb/diagnose/words/verdict.h"
#include "tests/diagnose/rule_test.h"
#include "tests/support/loss_course.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

plumb::Run told(const std::string& kinds, const std::string& sentences, double last_loss = 0.2) {
  plumb::Run run = test::with_losses(test::flat_run(3, 32, "relu", 1), 120, {2.31, last_loss});
  run.info.baseline = Baseline{2.3, 0, 0.1};
  run.info.settings.emplace_back("loop_faults", kinds);
  run.info.settings.emplace_back("loop", sentences);
  return run;
}

TEST(TrainingLoopTest, ANetworkThatLearnsIsNotHealthyBesideIt) {
  const plumb::Run run = told("severed", "6 parameters get no gradient: a.weight");
  const Diagnosis diagnosis(run);
  ASSERT_EQ(diagnosis.findings().size(), 1U);
  const Finding& finding = diagnosis.findings().front();
  EXPECT_EQ(finding.rule, "training_loop");
  EXPECT_EQ(finding.severity, Severity::warning);
  EXPECT_TRUE(test::is_complete(run.info, finding));
  EXPECT_EQ(diagnosis.outcome(), Outcome::sick);
  EXPECT_EQ(verdict(diagnosis).rfind("Training loop: 6 parameters get no gradient: a.weight.", 0),
            0U);
}

TEST(TrainingLoopTest, NorIsOneThatHasConverged) {
  const plumb::Run run = told("not_reset", "gradients are not reset", 0.001);
  EXPECT_EQ(Diagnosis(run).outcome(), Outcome::sick);
}

TEST(TrainingLoopTest, WhereNothingIsLearnedItIsCritical) {
  for (const char* kind : {"not_reset", "severed", "left_out", "evaluation"}) {
    EXPECT_EQ(test::findings_of(check_training_loop, told(kind, "so it is", 2.3))[0].severity,
              Severity::critical);
  }
  for (const char* kind : {"broadcast", "untrained"}) {
    EXPECT_EQ(test::findings_of(check_training_loop, told(kind, "so it is"))[0].severity,
              Severity::critical);
  }
}

TEST(TrainingLoopTest, AHeadThatLearnsAloneMayBeMeant) {
  const plumb::Run run = told("left_out", "4 parameters are in no watched optimizer");
  const Diagnosis diagnosis(run);
  ASSERT_EQ(diagnosis.findings().size(), 1U);
  EXPECT_EQ(diagnosis.findings().front().severity, Severity::note);
  EXPECT_EQ(diagnosis.outcome(), Outcome::healthy);
  EXPECT_EQ(
      test::findings_of(check_training_loop, told("left_out\nsevered", "so\nit is"))[0].severity,
      Severity::warning);
}

TEST(TrainingLoopTest, EachFaultHasItsRemedy) {
  const plumb::Run run = told("not_reset\n-\nbroadcast", "one\ntwo\nthree");
  const auto findings = test::findings_of(check_training_loop, run);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(test::value_of(findings[0], Quantity::count), 2);
  EXPECT_EQ(findings[0].remedies.size(), 2U);
  const FindingWords words = words_of(run.info, findings, findings[0]);
  EXPECT_EQ(words.symptom, "One. Three.");
  EXPECT_NE(words.remedies[0], words.remedies[1]);
}

TEST(TrainingLoopTest, WhatIsNoFaultIsNone) {
  EXPECT_TRUE(test::findings_of(check_training_loop, told("-", "no step was seen")).empty());
  EXPECT_TRUE(test::findings_of(check_training_loop, test::flat_run(3, 16, "relu", 2)).empty());
}

TEST(TrainingLoopTest, WhyNothingWasMeasuredStandsInTheVerdict) {
  plumb::Run run;
  run.info.settings = {{"loop_faults", "-"}, {"loop", "no step was seen: it was never called"}};
  EXPECT_TRUE(test::contains(verdict(Diagnosis(run)), "No step was seen: it was never called."));
}

TEST(TrainingLoopTest, WhatComesOfItFollowsFromIt) {
  plumb::Run run = told("untrained", "8 parameters are in no optimizer", 2.3);
  for (StepRecord& step : run.steps) {
    step.learning_rate = 0.1;
    for (const char* path : {"0", "2", "4"}) {
      test::put_rms(run.info, step, path, Role::update, -60);
    }
  }
  const std::vector<Finding> findings = diagnose(run);
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].rule, "training_loop");
  for (const Finding& finding : findings) {
    EXPECT_TRUE(&finding == &findings[0] || finding.is_explained()) << finding.rule;
  }
}

}  // namespace
}  // namespace plumb
