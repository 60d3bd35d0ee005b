// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/advice.h"

#include <gtest/gtest.h>

namespace plumb::zoo {
namespace {

const Kind& patient() { return find_kind("rate_low_sgd"); }

/// What the twin has: the right answer.
std::optional<Advised> right(const Specimen&, const std::vector<Finding>&) {
  return Advised{"raise_rate", make_specimen(patient(), 0, true), 0.05};
}

std::optional<Advised> nothing(const Specimen& specimen, const std::vector<Finding>&) {
  return Advised{"look_closer", specimen, {}};
}

TEST(AdviceTest, TheTwinsSettingsCure) {
  const AdviceTrial trial = run_advice(patient(), 0, right);
  EXPECT_TRUE(trial.changes);
  EXPECT_TRUE(trial.is_cured());
  EXPECT_EQ(trial.cured_gained, trial.twin_gained);
  EXPECT_LT(trial.gained, 0.2);
  ASSERT_TRUE(trial.best_rate);
  EXPECT_GT(*trial.best_rate, 0.002);
  EXPECT_LT(*trial.best_rate, 2);
}

TEST(AdviceTest, AnAdviceThatChangesNothingIsSeen) {
  const AdviceTrial trial = run_advice(patient(), 0, nothing);
  EXPECT_FALSE(trial.changes);
  EXPECT_FALSE(trial.is_cured());
  EXPECT_EQ(trial.cured_gained, trial.gained);
}

TEST(AdviceTest, WithoutAdviceNothingIsCured) {
  const AdviceTrial trial = run_advice(
      patient(), 0, [](const Specimen&, const std::vector<Finding>&) { return std::nullopt; });
  EXPECT_TRUE(trial.remedy.empty());
  EXPECT_FALSE(trial.is_cured());
  EXPECT_NE(advice_text({trial}).find("Cured 0 of 1; no advice for 1"), std::string::npos);
}

TEST(AdviceTest, ARateIsRightWithinAFactorOfThree) {
  AdviceTrial trial;
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

}  // namespace
}  // namespace plumb::zoo
