// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/proof_page.h"

#include <gtest/gtest.h>

namespace plumb {
namespace {

Arm arm(const char* name, std::initializer_list<double> scores) {
  Arm result;
  result.name = name;
  std::uint64_t seed = 1000;
  for (const double score : scores) {
    ArmTraining training;
    training.seed = seed++;
    training.score = score;
    training.finished = true;
    result.trainings.push_back(training);
  }
  return result;
}

TEST(CureProofTest, NoTrainingIsNoProof) { EXPECT_FALSE(report_proof(CureReport{}).has_value()); }

TEST(CureProofTest, ArmsHaveTheirScoresBySeedAndWhatTheCureHasOverThem) {
  CureReport report;
  report.ending = CureEnding::cured;
  report.constant_score = 0.1;
  report.patient.network = "dense 4 > sigmoid > dense 2";
  report.proof_untreated = arm("untreated", {0.1, 0.2, 0.1});
  report.proof_cured = arm("cured", {0.8, 0.9, 0.7});
  report.proof_cured.config = report.patient;
  report.proof_cured.config.network = "dense 4 > tanh > dense 2";
  report.proof_untreated.trainings[1].diverged = true;
  report.proof_cured.trainings[2].finished = false;
  report.over_untreated = {3, 0.6, 0.5, 0.7, 0.25};
  const auto proof = report_proof(report);
  ASSERT_TRUE(proof.has_value());
  EXPECT_EQ(proof->ending, "cured");
  EXPECT_TRUE(proof->is_accuracy);
  EXPECT_EQ(proof->seeds, (std::vector<std::uint64_t>{1000, 1001, 1002}));
  ASSERT_EQ(proof->arms.size(), 2u);  // the others were not trained
  EXPECT_EQ(proof->arms[0].name, "untreated");
  EXPECT_EQ(proof->arms[0].scores[0], 0.1);
  EXPECT_FALSE(proof->arms[0].scores[1].has_value());
  ASSERT_TRUE(proof->arms[0].below_cured.has_value());
  EXPECT_EQ(proof->arms[0].below_cured->low, 0.5);
  EXPECT_EQ(proof->arms[1].name, "cured");
  EXPECT_FALSE(proof->arms[1].scores[2].has_value());
  EXPECT_FALSE(proof->arms[1].below_cured.has_value());
  ASSERT_EQ(proof->changes.size(), 1u);
  EXPECT_EQ(proof->changes[0].key, "network");
  EXPECT_NE(proof->command.find("tanh"), std::string::npos);
}

TEST(CureProofTest, WhatWasNotCuredHasNoCommand) {
  CureReport report;
  report.ending = CureEnding::not_found;
  report.proof_untreated = arm("untreated", {0.1, 0.1});
  report.proof_cured = arm("cured", {0.1, 0.1});
  const auto proof = report_proof(report);
  ASSERT_TRUE(proof.has_value());
  EXPECT_EQ(proof->arms.back().name, "the best change");
  EXPECT_TRUE(proof->command.empty());
  EXPECT_TRUE(proof->changes.empty());
}

}  // namespace
}  // namespace plumb
