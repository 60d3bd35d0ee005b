// SPDX-License-Identifier: Apache-2.0
#include "plumb/proof/protocol.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace plumb {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

TEST(ProtocolTest, ATrainingFailsAtTheConstantAnswer) {
  EXPECT_TRUE(training_fails({0.18, false, false}, 0.1));
  EXPECT_FALSE(training_fails({0.2, false, false}, 0.1));
  EXPECT_TRUE(training_fails({kNone, false, false}, 0.1));
}

TEST(ProtocolTest, ATrainingFailsThatIsSuspectOrPoor) {
  EXPECT_TRUE(training_fails({0.85, true, true}, 0));
  EXPECT_FALSE(training_fails({0.95, true, true}, 0));
  EXPECT_TRUE(training_fails({0.45, false, true}, 0));
  EXPECT_FALSE(training_fails({0.55, false, true}, 0));
}

TEST(ProtocolTest, TwoOfThreeMustFail) {
  EXPECT_EQ(reproduction_ending(0, 3), CureEnding::not_sick);
  EXPECT_EQ(reproduction_ending(1, 3), CureEnding::inconclusive);
  EXPECT_EQ(reproduction_ending(2, 3), std::nullopt);
  EXPECT_EQ(reproduction_ending(1, 1), std::nullopt);
}

TEST(ProtocolTest, OfTwiceAsManySeedsAThirdMustFail) {
  EXPECT_EQ(reproduction_ending(1, 6, true), CureEnding::inconclusive);
  EXPECT_EQ(reproduction_ending(2, 6, true), std::nullopt);
  EXPECT_EQ(reproduction_ending(2, 6), CureEnding::inconclusive);
}

TEST(ProtocolTest, WhatLeavesMoreThanHalfIsDoubtedUntilAChangeBringsHalfOfThat) {
  EXPECT_TRUE(is_doubted(0.54, 0.1));  // 0.55 is half of the way from 0.1 to 1
  EXPECT_FALSE(is_doubted(0.56, 0.1));
  EXPECT_FALSE(is_doubted(kNone, 0.1));
  EXPECT_TRUE(settles_doubt(0.25, 0.625));
  EXPECT_FALSE(settles_doubt(0.25, 0.62));
  EXPECT_FALSE(settles_doubt(0.25, kNone));
}

TEST(ProtocolTest, OfEqualsTheSmallestChangeWins) {
  const std::vector<ScreenedChange> candidates{
      {0.9, 3}, {0.89, 1}, {0.89, 1}, {0.5, 0}, {kNone, 0}};
  EXPECT_EQ(choose_change(0.1, candidates).winner, 1U);
  EXPECT_EQ(choose_change(0.1, candidates).best, 0.9);
  EXPECT_EQ(choose_change(0.885, candidates).winner, std::nullopt);
  EXPECT_EQ(choose_change(0.1, {}).winner, std::nullopt);
}

ProofFacts proven() {
  ProofFacts facts;
  facts.over_untreated = {8, 0.7, 0.6, 0.8, 2.0 / 256};
  facts.over_rate = {8, 0.5, 0.4, 0.6, 2.0 / 256};
  facts.cured = 0.8;
  facts.constant = 0.1;
  facts.way = 0.7;
  return facts;
}

TEST(ProtocolTest, AProofIsJudged) {
  EXPECT_EQ(judge_proof(proven()), CureEnding::cured);
  ProofFacts facts = proven();
  facts.over_untreated.low = -0.01;
  EXPECT_EQ(judge_proof(facts), CureEnding::not_proven);
  facts.over_untreated.low = kNone;
  EXPECT_EQ(judge_proof(facts), CureEnding::not_proven);
  facts.over_untreated.mean = 0.01;  // no more than scores differ anyway
  EXPECT_EQ(judge_proof(facts), CureEnding::not_found);
  facts = proven();
  facts.over_rate.mean = 0.06;
  EXPECT_EQ(judge_proof(facts), CureEnding::any_rate);
  facts.over_rate = {};  // no such arm
  EXPECT_EQ(judge_proof(facts), CureEnding::cured);
  facts = proven();
  facts.leaves_findings = true;
  EXPECT_EQ(judge_proof(facts), CureEnding::better);
  facts = proven();
  facts.way = 0.9;
  EXPECT_EQ(judge_proof(facts), CureEnding::better);
  facts = proven();
  facts.cured = 0.15;
  EXPECT_EQ(judge_proof(facts), CureEnding::better);
}

}  // namespace
}  // namespace plumb
