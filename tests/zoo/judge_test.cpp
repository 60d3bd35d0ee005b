// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/judge.h"

#include <gtest/gtest.h>

namespace plumb::zoo {
namespace {

Trial trial_of(const char* kind, double gained) {
  Trial trial;
  trial.kind = &find_kind(kind);
  trial.baseline = 1;
  trial.loss = 1 - gained;
  return trial;
}

Said said(const char* rule, Severity severity, const char* cause, int depth = 0) {
  return {rule, severity, cause, depth, false};
}

TEST(JudgeTest, TheFirstWarningIsJudgedAndNotTheNoteBeforeIt) {
  const Trial trial = trial_of("sigmoid_depth", 0);
  Answer answer;
  answer.outcome = "found";
  answer.findings = {said("dead_units", Severity::note, "unknown"),
                     said("vanishing_gradient", Severity::critical, "activation_derivative"),
                     said("update_too_large", Severity::warning, "learning_rate")};
  const Judgement judgement = judge(trial, answer);
  EXPECT_TRUE(judgement.alarmed);
  EXPECT_TRUE(judgement.class_right);
  EXPECT_TRUE(judgement.cause_right);
  EXPECT_FALSE(judgement.said_healthy);
}

TEST(JudgeTest, ANoteIsNoAlarm) {
  const Trial trial = trial_of("relu_he", 0.8);
  Answer answer;
  answer.outcome = "healthy";
  answer.findings = {said("vanishing_gradient", Severity::note, "weight_scale")};
  EXPECT_FALSE(judge(trial, answer).alarmed);
  EXPECT_TRUE(judge(trial, answer).said_healthy);
}

TEST(JudgeTest, APlaceIsRightWhereOneLayerIsBad) {
  Trial trial = trial_of("one_layer_large", 0);
  trial.bad_depth = 3;
  Answer answer;
  answer.findings = {said("vanishing_gradient", Severity::warning, "weight_scale", 3)};
  EXPECT_TRUE(judge(trial, answer).place_right);
  answer.findings[0].depth = 1;
  EXPECT_FALSE(judge(trial, answer).place_right);
}

TEST(JudgeTest, TheTallyCountsEachRunWhereItBelongs) {
  Tally tally;
  Trial sick = trial_of("sigmoid_depth", 0);
  sick.at_end.outcome = "healthy";
  add_to(tally, sick, false);
  Trial healthy = trial_of("relu_he", 0.8);
  healthy.at_end.findings = {said("vanishing_gradient", Severity::warning, "weight_scale")};
  add_to(tally, healthy, false);
  EXPECT_EQ(tally.class_right.of, 1);
  EXPECT_EQ(tally.class_right.right, 0);
  EXPECT_EQ(tally.missed.right, 1);
  EXPECT_EQ(tally.healthy_at_baseline.right, 1);
  EXPECT_EQ(tally.false_alarms.right, 1);
  EXPECT_EQ(tally.false_alarms.of, 1);
}

TEST(JudgeTest, WhatOneStepDoesNotShowIsNotAskedAtTheStart) {
  Tally tally;
  add_to(tally, trial_of("rate_high_sgd", 0), true);
  EXPECT_EQ(tally.class_right.of, 0);
}

TEST(JudgeTest, ARuleOfOthersIsRightByWhatItsSymptomMeans) {
  Trial trial = trial_of("sigmoid_depth", 0);
  trial.peers_at_end.resize(peers().size());
  trial.peers_at_end[0] = {"vanish"};
  trial.peers_at_end[1] = {"vanishing", "dead"};
  PeerTally first, second, third;
  add_to(first, trial, 0, false);
  add_to(second, trial, 1, false);
  add_to(third, trial, 2, false);
  EXPECT_EQ(first.class_right.right, 1);
  EXPECT_EQ(first.alone.right, 1);
  EXPECT_EQ(second.class_right.right, 1);
  EXPECT_EQ(second.alone.right, 0);
  EXPECT_EQ(third.missed.right, 1);
}

}  // namespace
}  // namespace plumb::zoo
