// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/cure.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "plumb/cure/cure_words.h"

namespace plumb {
namespace {

TrainConfig sigmoid_chain() {
  TrainConfig config;
  config.network = "flatten > 8 x [dense 16 > sigmoid] > dense 10";
  config.data = "glyphs?n=600";
  config.steps = 80;
  config.learning_rate = 0.1;
  return config;
}

CureOptions quick(int jobs = 1) {
  CureOptions options;
  options.jobs = jobs;
  options.screened = 3;
  options.proof_seeds = 4;
  options.search.budget_s = 1;
  return options;
}

TEST(CureTest, ASickChainIsCuredAndProven) {
  const TrainConfig config = sigmoid_chain();
  CureData data(config);
  const CureReport report = cure(config, data, quick());
  ASSERT_TRUE(report.winner) << ending_text(report);
  EXPECT_TRUE(report.ending == CureEnding::cured || report.ending == CureEnding::better)
      << ending_text(report);
  EXPECT_GT(report.over_untreated.low, 0);
  EXPECT_EQ(report.over_untreated.pairs, 4);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(report.proof_cured.trainings[i].seed, report.proof_untreated.trainings[i].seed);
    EXPECT_GE(report.proof_cured.trainings[i].seed, 1000U);  // none that the choice was made by
  }
  EXPECT_LE(report.trainings, 60);
  EXPECT_FALSE(is_no_op(config, report.cured_config()));
}

TEST(CureTest, IsTheSameForAnyNumberOfJobs) {
  const TrainConfig config = sigmoid_chain();
  CureData data(config);
  const CureReport one = cure(config, data, quick(1));
  const CureReport three = cure(config, data, quick(3));
  EXPECT_EQ(one.ending, three.ending);
  EXPECT_EQ(one.winner, three.winner);
  EXPECT_EQ(one.proof_cured.scores(), three.proof_cured.scores());
  EXPECT_EQ(one.proof_random.scores(), three.proof_random.scores());
  EXPECT_EQ(cure_lines(one), cure_lines(three));
}

TEST(CureTest, AHealthyTrainingIsLeftAlone) {
  TrainConfig config = sigmoid_chain();
  config.network = "flatten > 2 x [dense 32 > relu] > dense 10";
  config.init = "he_normal";
  config.bias_init = "zeros";
  config.steps = 200;
  CureData data(config);
  const CureReport report = cure(config, data, quick());
  EXPECT_EQ(report.ending, CureEnding::not_sick) << ending_text(report);
  EXPECT_TRUE(report.candidates.empty());
}

TEST(CureTest, WhatIsKeptStays) {
  const TrainConfig config = sigmoid_chain();
  CureData data(config);
  CureOptions options = quick();
  options.keep = {CureGroup::activation, CureGroup::joins, CureGroup::norm, CureGroup::depth};
  const CureReport report = cure(config, data, options);
  for (const CureCandidate& one : report.candidates) {
    EXPECT_EQ(one.change.config.network, config.network);
  }
  options.keep.clear();
  options.only = {CureGroup::init};
  options.dry_run = true;
  for (const CheckedChange& change : cure(config, data, options).search.changes) {
    EXPECT_EQ(change.prescription.rewrite->group, CureGroup::init);
  }
}

TEST(CureTest, ADryRunTrainsNothing) {
  const TrainConfig config = sigmoid_chain();
  CureData data(config);
  CureOptions options = quick();
  options.dry_run = true;
  options.sink = [](const std::string&, std::uint64_t) -> std::unique_ptr<RecordSink> {
    ADD_FAILURE() << "a training";
    return nullptr;
  };
  const CureReport report = cure(config, data, options);
  EXPECT_EQ(report.ending, CureEnding::predicted);
  EXPECT_EQ(report.trainings, 0);
  EXPECT_FALSE(report.search.changes.empty());
}

}  // namespace
}  // namespace plumb
