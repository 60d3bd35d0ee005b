// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/trial.h"

#include <gtest/gtest.h>

#include <cmath>

#include "plumb/zoo/harm.h"
#include "plumb/zoo/judge.h"

namespace plumb::zoo {
namespace {

TEST(TrialTest, TheConstantAnswerOfClassesIsTheirEntropy) {
  Dataset data;
  data.classes = 3;
  data.labels = {0, 0, 1, 1};
  EXPECT_NEAR(constant_loss(data), std::log(2), 1e-12);
}

TEST(TrialTest, TheConstantAnswerOfValuesIsHalfTheirVariance) {
  Dataset data;
  data.x = Tensor({2, 1}, DType::f32);
  data.y = Tensor({2, 1}, DType::f32);
  data.y.as<float>()[0] = 4;
  data.y.as<float>()[1] = 8;
  EXPECT_NEAR(constant_loss(data), 2, 1e-12);
}

TEST(TrialTest, TheSameSeedGivesTheSameTrial) {
  const Kind& kind = find_kind("zero_start");
  const Trial a = run_trial(kind, 1, false), b = run_trial(kind, 1, false);
  EXPECT_EQ(a.loss, b.loss);
  EXPECT_EQ(a.at_end.findings.size(), b.at_end.findings.size());
}

TEST(TrialTest, ADeepSigmoidVanishesAndItsTwinLearns) {
  const Kind& kind = find_kind("sigmoid_depth");
  const Trial sick = run_trial(kind, 0, false), twin = run_trial(kind, 0, true);
  EXPECT_LT(sick.gained(), 0.1);
  EXPECT_GT(twin.gained(), 0.2);
  EXPECT_TRUE(judge(sick, sick.at_start).class_right);
  EXPECT_TRUE(judge(sick, sick.at_end).class_right);
  EXPECT_FALSE(judge(twin, twin.at_end).alarmed);
}

TEST(TrialTest, EqualUnitsAreNamed) {
  const Trial trial = run_trial(find_kind("constant_start"), 0, false);
  EXPECT_TRUE(judge(trial, trial.at_start).class_right);
}

TEST(HarmTest, AFaultThatKeepsARunBehindItsTwinIsShown) {
  const auto harms = check_harm({&find_kind("zero_start"), &find_kind("relu_he")}, 2, 2);
  ASSERT_EQ(harms.size(), 2U);
  EXPECT_TRUE(harms[0].is_shown());
  EXPECT_LT(harms[0].way(0), 0.5);
  EXPECT_TRUE(harms[1].is_shown());
  EXPECT_TRUE(harms[1].twin_gained.empty());
}

TEST(HarmTest, AFaultWithoutHarmIsNot) {
  Harm harm{&find_kind("zero_start"), {0.7}, {0.75}};
  EXPECT_FALSE(harm.is_shown());
  harm.gained[0] = 0.1;
  EXPECT_TRUE(harm.is_shown());
  harm.twin_gained[0] = 0.1;  // nor does it count where the twin learns nothing either
  EXPECT_FALSE(harm.is_shown());
}

}  // namespace
}  // namespace plumb::zoo
