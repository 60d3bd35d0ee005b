// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/far_training.h"

#include <gtest/gtest.h>

namespace plumb {
namespace {

// What another process makes of the text is the training itself, to the last bit of its numbers.
TEST(FarTrainingTest, IsTheTrainingThatWasAskedFor) {
  TrainConfig config;
  config.network = "flatten > 3 x [dense 12 > tanh] > dense 10";
  config.data = "glyphs?n=300";
  config.steps = 30;
  config.learning_rate = 0.037;
  config.gain = 1.0 / 3;
  config.optimiser.name = "adam";
  config.optimiser.eps = 1e-7;
  config.seed = 5;
  CureData data(config);
  const CureSplit& split = data.of(config);
  const ArmTraining here = train_arm(config, 9, split, nullptr, {});
  std::string asked;
  const std::string line = answer_training(
      far_task(config, 9), [&](const TrainConfig& other) -> auto& {
        asked = training_key(other, 9, split);
        return split;
      });
  EXPECT_EQ(asked, training_key(config, 9, split));
  const ArmTraining there = training_of_line(line);
  EXPECT_EQ(there.seed, 9U);
  EXPECT_EQ(there.score, here.score);
  EXPECT_EQ(there.loss, here.loss);
  EXPECT_EQ(there.log2_reach, here.log2_reach);
  EXPECT_EQ(there.outcome, here.outcome);
  EXPECT_EQ(there.findings.size(), here.findings.size());
  EXPECT_TRUE(there.finished);
}

TEST(FarTrainingTest, OneRankAsksNobody) {
  Ranks ranks;
  EXPECT_TRUE(ranks.is_first());
  EXPECT_EQ(ranks.others(), 0);
  EXPECT_FALSE(trainings_on(ranks));
  EXPECT_FALSE(ranks.ask("anything"));
}

}  // namespace
}  // namespace plumb
