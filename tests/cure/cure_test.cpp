// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/cure.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "plumb/core/error.h"
#include "plumb/cure/cure_budget.h"
#include "plumb/cure/cure_words.h"
#include "tests/support/temp_dir.h"

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
  EXPECT_FALSE(one.proof_cured.trainings.empty());
  EXPECT_EQ(cure_lines(one), cure_lines(three));
}

TEST(CureTest, WhatCannotBeTrainedIsNoPatient) {
  for (const char* const network : {"dense 4 > res[dense 5] > dense 10", "conv 8 3x3 > nothing"}) {
    TrainConfig config = sigmoid_chain();
    CureData data(config);
    config.network = network;
    CureOptions options = quick();
    options.sink = [](const std::string&, std::uint64_t) -> std::unique_ptr<RecordSink> {
      ADD_FAILURE() << "nothing is to be recorded";
      return nullptr;
    };
    for (const bool dry_run : {false, true}) {
      options.dry_run = dry_run;
      EXPECT_ANY_THROW(cure(config, data, options)) << network;
    }
    EXPECT_ANY_THROW(check_advice(config, data, {})) << network;
  }
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

// Standardised targets are judged in the unit of the data, by the constant answer in the same unit.
TEST(ArmTest, AFactorOnTheTargetsChangesNoScore) {
  TrainConfig config;
  config.network = "dense 16 > tanh > dense 1";
  config.data = "teacher?in=4&out=1&n=400";
  config.steps = 100;
  config.standardise = true;
  const auto score = [&](float factor) {
    DataOptions raw = config.data_options();
    raw.standardise = false;
    Split split = load_split(config.data, raw);
    for (Dataset* const part : {&split.train, &split.validation}) {
      for (float& y : part->y.as<float>()) y *= factor;
    }
    TrainConfig given = config;
    given.standardise = false;
    CureData data(given, std::move(split));
    return train_arm(config, 0, data.of(config), nullptr, {}).score;
  };
  const double as_it_is = score(1);
  EXPECT_GT(as_it_is, 0.3);
  EXPECT_NEAR(score(1000), as_it_is, 0.01);
}

class LoggedCureTest : public ::testing::Test {
 protected:
  testing::TempDir dir_;
  std::string path_ = dir_.file("log.jsonl");
};

// What is stopped after any number of steps and begun again ends as if it had never been stopped.
TEST_F(LoggedCureTest, GoesOnWhereItWasStopped) {
  const TrainConfig config = sigmoid_chain();
  CureData data(config);
  const std::vector<std::string> whole = cure_lines(cure(config, data, quick()));
  std::size_t before = 0;
  for (const int steps : {100, 500, 900}) {
    std::atomic<int> left{steps};
    CureOptions options = quick(2);
    TrainingLog log(path_);
    EXPECT_EQ(log.size(), before);
    options.log = &log;
    options.keep_going = [&] { return --left > 0; };
    const CureReport stopped = cure(config, data, options);
    EXPECT_EQ(stopped.ending, CureEnding::interrupted) << steps;
    EXPECT_GE(log.size(), before);
    before = log.size();
  }
  EXPECT_GT(before, 5U);
  TrainingLog log(path_);
  CureOptions options = quick();
  options.log = &log;
  EXPECT_EQ(cure_lines(cure(config, data, options)), whole);
  EXPECT_GT(log.size(), before);
  // With all of it there, one training is made: the first, for its findings.
  int made = 0;
  options.sink = [&](const std::string&, std::uint64_t) -> std::unique_ptr<RecordSink> {
    ++made;
    return nullptr;
  };
  EXPECT_EQ(cure_lines(cure(config, data, options)), whole);
  EXPECT_EQ(made, 1);
}

TEST_F(LoggedCureTest, KnowsTrainingsByAllThatTheyAre) {
  const TrainConfig config = sigmoid_chain();
  CureData data(config);
  const CureSplit& split = data.of(config);
  const std::string key = training_key(config, 1, split);
  EXPECT_EQ(training_key(config, 1, split), key);
  EXPECT_NE(training_key(config, 2, split), key);
  TrainConfig other = config;
  other.threads = 4;
  EXPECT_EQ(training_key(other, 1, split), key);
  other.learning_rate = 0.2;
  EXPECT_NE(training_key(other, 1, split), key);
  TrainConfig other_data = config;
  other_data.seed = 5;  // another split of the same samples
  CureData drawn(other_data);
  EXPECT_NE(training_key(config, 1, drawn.of(other_data)), key);
}

TEST_F(LoggedCureTest, AFileOfAnotherKindIsRefused) {
  std::ofstream(path_) << "{\"key\": 1}\n";
  EXPECT_THROW(TrainingLog log(path_), DataError);
}

TEST(CureTest, WhatIsStoppedSaysSo) {
  const TrainConfig config = sigmoid_chain();
  CureData data(config);
  std::atomic<int> left{2 * 80 + 40};
  CureOptions options = quick();
  options.keep_going = [&] { return --left > 0; };
  const CureReport report = cure(config, data, options);
  EXPECT_EQ(report.ending, CureEnding::interrupted);
  ASSERT_EQ(report.untreated.trainings.size(), 3U);
  EXPECT_TRUE(report.untreated.trainings[1].finished);
  EXPECT_FALSE(report.untreated.trainings[2].finished);
  EXPECT_TRUE(std::isnan(report.untreated.trainings[2].score));
}

TEST(CureTest, ABudgetThatCannotEndInAProofIsRefusedBeforeAnyTraining) {
  const TrainConfig config = sigmoid_chain();
  CureData data(config);
  CureOptions options;
  options.proof_seeds = 8;
  EXPECT_EQ(smallest_budget(options), 38);
  options.budget = 37;
  options.sink = [](const std::string&, std::uint64_t) -> std::unique_ptr<RecordSink> {
    ADD_FAILURE() << "a training";
    return nullptr;
  };
  try {
    cure(config, data, options);
    FAIL();
  } catch (const SpecError& error) {
    EXPECT_NE(std::string(error.what()).find("at least 38"), std::string::npos) << error.what();
  }
}

// The least budget leaves one candidate and its proof; a little more than it, no more trainings.
TEST(CureTest, KeepsToItsBudget) {
  const TrainConfig config = sigmoid_chain();
  CureData data(config);
  CureOptions options = quick();
  for (const int more : {0, 3}) {
    options.budget = smallest_budget(options) + more;
    const CureReport report = cure(config, data, options);
    EXPECT_GE(report.candidates.size(), 1U);
    EXPECT_LE(report.trainings, options.budget);
    EXPECT_FALSE(report.proof_cured.trainings.empty()) << ending_text(report);
  }
}

TEST(CureTest, ABudgetOfTimeIsCountedInTrainingsOnceOneIsKnown) {
  const TrainConfig config = sigmoid_chain();
  CureData data(config);
  CureOptions options = quick();
  options.budget_s = 3600;
  const CureReport ample = cure(config, data, options);
  options.budget_s.reset();
  options.budget = 1000;
  const CureReport counted = cure(config, data, options);
  EXPECT_EQ(ample.trainings, counted.trainings);
  EXPECT_EQ(ample.proof_cured.mean_score(), counted.proof_cured.mean_score());
  options.budget_s = 0.01;
  try {
    cure(config, data, options);
    FAIL();
  } catch (const SpecError& error) {
    EXPECT_NE(std::string(error.what()).find("4 arms of 3 seeds"), std::string::npos)
        << error.what();
  }
}

// One seed tells no spread: then the proof has the seeds that were asked for.
TEST(CureTest, AScreenOfOneSeedAsksForNoMoreProof) {
  const TrainConfig config = sigmoid_chain();
  CureData data(config);
  CureOptions options = quick();
  options.screen_seeds = 1;
  options.proof_seeds = 3;
  EXPECT_EQ(cure(config, data, options).proof_cured.trainings.size(), 3U);
}

// What a run or a probe tells of a healthy training is enough not to prescribe anything for it.
TEST(CureTest, ADryRunLeavesHealthyTrainingsAlone) {
  TrainConfig config = sigmoid_chain();
  CureData data(config);
  CureOptions options = quick();
  options.dry_run = true;
  options.known = KnownTraining{{}, Outcome::healthy};
  CureReport report = cure(config, data, options);
  EXPECT_EQ(report.ending, CureEnding::not_sick);
  EXPECT_TRUE(report.search.changes.empty());
  EXPECT_EQ(ending_text(report), "It was not sick; nothing is changed.");
  options.known->outcome = Outcome::not_learning;
  EXPECT_EQ(cure(config, data, options).ending, CureEnding::predicted);
  options.known.reset();
  config.network = "flatten > 2 x [dense 32 > relu] > dense 10";
  config.init = "he_normal";
  report = cure(config, data, options);
  EXPECT_EQ(report.ending, CureEnding::not_sick);
  EXPECT_NE(ending_text(report).find("a probe at the start"), std::string::npos);
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
