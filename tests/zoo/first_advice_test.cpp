// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/first_advice.h"

#include <gtest/gtest.h>

#include "plumb/zoo/trial.h"

namespace plumb::zoo {
namespace {

TEST(FirstAdviceTest, IsTriedOnTheSpecimenThatTheScoreSees) {
  const Kind& kind = find_kind("rate_low_sgd");
  const AdviceTrial advice = run_advice_trial(kind, 0);
  EXPECT_EQ(advice.gained, run_trial(kind, 0, false).gained());
  EXPECT_EQ(advice.gained_by_twin, run_trial(kind, 0, true).gained());
  EXPECT_FALSE(advice.changes_nothing);
  if (advice.rewrite.empty()) {
    EXPECT_EQ(advice.gained_by_advice, advice.gained);
  }
}

TEST(FirstAdviceTest, ACureIsNineTenthsOfTheTwinsWay) {
  AdviceTrial trial;
  trial.gained_by_twin = 0.8;
  trial.gained_by_advice = 0.73;
  EXPECT_TRUE(trial.is_cured());
  trial.gained_by_advice = 0.71;
  EXPECT_FALSE(trial.is_cured());
}

TEST(FirstAdviceTest, ARateIsRightWithinAFactorOfThree) {
  AdviceTrial trial;
  EXPECT_FALSE(trial.is_rate_right());
  trial.best_rate = 0.1;
  for (const double rate : {0.034, 0.1, 0.29}) {
    trial.advised_rate = rate;
    EXPECT_TRUE(trial.is_rate_right()) << rate;
  }
  for (const double rate : {0.03, 0.32}) {
    trial.advised_rate = rate;
    EXPECT_FALSE(trial.is_rate_right()) << rate;
  }
}

TEST(FirstAdviceTest, TheTextCountsCuresAndRates) {
  AdviceTrial trial;
  trial.kind = &find_kind("rate_low_sgd");
  trial.rewrite = "set_rate";
  trial.gained_by_twin = trial.gained_by_advice = 0.8;
  trial.advised_rate = trial.best_rate = 0.1;
  const std::string text = advice_text(std::vector{trial}, true);
  EXPECT_NE(text.find("1 of 1 cured"), std::string::npos);
  EXPECT_NE(text.find("advised set_rate 1x"), std::string::npos);
  EXPECT_NE(text.find("1 of 1\nadvised rates"), std::string::npos);
}

}  // namespace
}  // namespace plumb::zoo
