// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/score.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace plumb::zoo {
namespace {

/// A few quick kinds instead of a half.
ScoreOptions few(int jobs) {
  ScoreOptions options;
  options.only = {"zero_start", "constant_start", "relu_he", "linear_classifier"};
  options.seeds = 1;
  options.jobs = jobs;
  options.peers = true;
  return options;
}

TEST(ScoreTest, IsTheSameForAnyNumberOfJobs) {
  const std::string one = score_json(score(few(1)));
  EXPECT_EQ(one, score_json(score(few(3))));
}

TEST(ScoreTest, CountsWhatItTrained) {
  const Score result = score(few(2));
  ASSERT_EQ(result.trials.size(), 4U);
  const Tally end = result.tally(false);
  EXPECT_EQ(end.class_right.of, 2);
  EXPECT_EQ(end.false_alarms.of, 2);
  EXPECT_EQ(result.tally(false, Family::signal).class_right.of, 2);
  EXPECT_EQ(result.tally(false, Family::time).class_right.of, 0);
  const auto json = nlohmann::json::parse(score_json(result));
  EXPECT_EQ(json["trials"].size(), 4U);
  EXPECT_EQ(json["end"]["class"]["of"], 2);
  EXPECT_TRUE(json["peers"].contains("AutoTrainer"));
}

TEST(ScoreTest, TheLogLineIsOneLineWithItsNote) {
  const std::string line = score_log_line(score(few(2)), "commit abc");
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(line)["note"], "commit abc");
}

TEST(ScoreTest, TheTwinsAreScoredAsHealthy) {
  ScoreOptions options = few(2);
  options.only = {"zero_start"};
  options.twins = true;
  const Score result = score(options);
  ASSERT_EQ(result.trials.size(), 2U);
  EXPECT_EQ(result.tally(false).false_alarms.of, 1);
  EXPECT_EQ(result.tally(false).false_alarms.right, 0);
}

}  // namespace
}  // namespace plumb::zoo
