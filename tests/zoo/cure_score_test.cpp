// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/cure_score.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>

#include "plumb/core/error.h"
#include "tests/support/temp_dir.h"

namespace plumb::zoo {
namespace {

CureOptions quick() {
  CureOptions options;
  options.proof_seeds = 3;
  options.screened = 4;
  options.search.budget_s = 1;
  return options;
}

TEST(SignTestTest, IsTheBinomialsTail) {
  EXPECT_DOUBLE_EQ((SignTest{0, 0, 5}.p()), 1);
  EXPECT_NEAR((SignTest{5, 0, 0}.p()), 2.0 / 32, 1e-12);
  EXPECT_NEAR((SignTest{9, 1, 3}.p()), 2.0 * 11 / 1024, 1e-12);
  EXPECT_NEAR((SignTest{1, 9, 0}.p()), 2.0 * 11 / 1024, 1e-12);
  EXPECT_DOUBLE_EQ((SignTest{4, 4, 0}.p()), 1);
}

TEST(CureTrialTest, IsCuredWhereItComesTheTwinsWay) {
  CureTrial trial;
  trial.ending = CureEnding::cured;
  trial.constant = trial.twin_constant = 0.1;
  trial.twin = 0.9;
  trial.cured = 0.83;  // 0.73 of 0.8
  EXPECT_TRUE(trial.is_cured());
  trial.cured = 0.81;
  EXPECT_FALSE(trial.is_cured());
  trial.twin = 0.16;
  trial.cured = 0.145;  // three quarters of the way, but within two points
  EXPECT_TRUE(trial.is_cured());
  trial.ending = CureEnding::not_found;
  EXPECT_FALSE(trial.is_cured());
}

// A fault that costs nothing by the score is no specimen that can show a cure, and is counted
// apart.
TEST(CureTrialTest, WhatIsAsGoodAsItsTwinIsCountedApart) {
  CureTrial trial;
  trial.kind = &find_kind("sigmoid_depth");
  trial.ending = CureEnding::not_sick;
  trial.constant = trial.twin_constant = 0.1;
  trial.twin = 0.9;
  trial.untreated = 0.89;
  EXPECT_TRUE(trial.is_as_good());
  EXPECT_FALSE(trial.is_cured());
  EXPECT_NE(cure_text({&trial, 1}, false).find("0 of 0 cured"), std::string::npos);
  EXPECT_NE(cure_text({&trial, 1}, false).find("1 more came to"), std::string::npos);
  trial.untreated = 0.5;
  EXPECT_FALSE(trial.is_as_good());
  EXPECT_NE(cure_text({&trial, 1}, false).find("0 of 1 cured"), std::string::npos);
}

TEST(CureTrialTest, ReadsBackWhatItWrote) {
  CureTrial trial;
  trial.kind = &find_kind("sigmoid_depth");
  trial.seed = 3;
  trial.ending = CureEnding::better;
  trial.rewrite = "add_residual";
  trial.second = "adam";
  trial.rank = 2;
  trial.trainings = 31;
  trial.constant = 0.125;
  trial.untreated = 0.25;
  trial.cured = 0.75;
  trial.rate = -0.5;
  trial.twin = 0.875;
  trial.reaches = {{"initialise", -1.5, -1.25}, {"widen", -INFINITY, -30}};
  const auto again = trial_of_line(to_line(trial, quick()), quick());
  ASSERT_TRUE(again);
  EXPECT_EQ(to_line(*again, quick()), to_line(trial, quick()));
  EXPECT_FALSE(again->random);
  ASSERT_EQ(again->reaches.size(), 2U);
  EXPECT_EQ(again->reaches[1].predicted, -INFINITY);
  CureOptions other = quick();
  other.proof_seeds = 8;
  EXPECT_FALSE(trial_of_line(to_line(trial, quick()), other));
  EXPECT_THROW(trial_of_line("{}", quick()), DataError);
}

// Ranks 3 2 1 against 2 3 1: 1 - 6 (1 + 1) / (3 * 8).
TEST(CureTextTest, SaysHowWellTheReachWasPredicted) {
  std::array<CureTrial, 2> trials;
  for (CureTrial& trial : trials) trial.kind = &find_kind("sigmoid_depth");
  trials[0].reaches = {{"initialise", -1, -2}, {"add_residual", -2, -1}};
  EXPECT_NE(cure_text(trials, false).find("of 2 candidates"), std::string::npos);
  trials[1].reaches = {{"initialise", -9, -30}};
  EXPECT_NE(cure_text(trials, false).find("rank correlation 0.500"), std::string::npos);
  trials = {};
  for (CureTrial& trial : trials) trial.kind = &find_kind("sigmoid_depth");
  EXPECT_EQ(cure_text(trials, false).find("rank correlation"), std::string::npos);
}

TEST(CureKindsTest, ASickKindIsCuredAHealthyOneLeftAlone) {
  const testing::TempDir dir;
  const std::array<const Kind*, 2> kinds{&find_kind("sigmoid_depth"), &find_kind("relu_he")};
  CureScoreOptions options;
  options.cure = quick();
  options.log = dir.file("cures.jsonl");
  const auto trials = cure_kinds(kinds, options);
  ASSERT_EQ(trials.size(), 2U);
  EXPECT_TRUE(trials[0].is_cured()) << cure_text(trials, true);
  EXPECT_FALSE(trials[0].reaches.empty());
  EXPECT_EQ(trials[1].ending, CureEnding::not_sick) << cure_text(trials, true);
  // What stands in the log is not made again.
  int asked = 0;
  options.keep_going = [&] { return ++asked < 0; };
  EXPECT_EQ(cure_text(cure_kinds(kinds, options), true), cure_text(trials, true));
}

}  // namespace
}  // namespace plumb::zoo
