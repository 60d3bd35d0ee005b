// SPDX-License-Identifier: Apache-2.0
// What is known of recurrent networks, in small: gated cells learn what needs a memory, a plain one
// stays at the baseline and its gradient through time is gone.
#include <gtest/gtest.h>

#include <cmath>

#include "plumb/data/npz.h"
#include "plumb/train/run_training.h"
#include "tests/support/temp_dir.h"

namespace plumb {
namespace {

TrainConfig sequence_config(const std::string& network, const std::string& data, double rate,
                            std::int64_t steps) {
  TrainConfig config;
  config.network = network;
  config.data = data;
  config.optimiser.name = "adam";
  config.clip_norm = 1;
  config.learning_rate = rate;
  config.steps = steps;
  config.validation_fraction = 0.05;
  return config;
}

/// log2 of how much smaller the gradient of h at the first step is than at the last, at the last
/// measured step of a training.
double lost_through_time(const Run& run) {
  const std::vector<float>& grad_h = *run.steps.back().time(1)->find(TimeQuantity::grad_h);
  return static_cast<double>(grad_h.back()) - static_cast<double>(grad_h.front());
}

TEST(SequenceTrainingTest, GatedCellsLearnTheAddingProblem) {
  for (const std::string cell : {"gru 24", "lstm 24 forget_bias=1"}) {
    const auto run =
        train(sequence_config(cell + " > last > dense 1", "adding?t=15&n=8000", 0.01, 450));
    // The loss halves squares: 0.005 is a mean squared error of 0.01; guessing 1 has 0.083 here.
    EXPECT_LT(run.steps.back().validation_loss.value(), 0.005) << cell;
  }
}

TEST(SequenceTrainingTest, APlainNetworkStaysAtTheBaselineAndItsGradientVanishes) {
  const auto run =
      train(sequence_config("rnn 24 > last > dense 1", "adding?t=100&n=3000", 0.003, 200));
  EXPECT_NEAR(run.steps.back().validation_loss.value(), 1.0 / 12, 0.02);
  EXPECT_GT(lost_through_time(run), 20);  // a millionth
}

TEST(SequenceTrainingTest, CopyMemoryIsJudgedStepByStepAgainstItsBaseline) {
  const double baseline = 10 * std::log(8.0) / 50;
  const auto run = train(sequence_config("rnn 24 > dense 9", "copy?t=30&n=1000", 0.005, 400));
  EXPECT_NEAR(run.steps.back().validation_loss.value(), baseline, 0.1 * baseline);
  // The forty blanks are right, and one symbol in eight by chance.
  EXPECT_NEAR(run.steps.back().validation_accuracy.value(), 0.8 + 0.2 / 8, 0.02);
}

TEST(SequenceTrainingTest, ImagesAreSequencesOfTheirRows) {
  const auto run = train(sequence_config("gru 32 > last > dense 10", "glyphs?n=1500", 0.01, 200));
  EXPECT_GT(run.steps.back().validation_accuracy.value(), 0.3);
}

TEST(SequenceTrainingTest, ArraysMayHoldALabelOrATargetForEachStep) {
  const testing::TempDir dir;
  const std::string file = dir.file("sequences.npz");
  Tensor x({6, 4, 2}, DType::f32), y({6, 4}, DType::f32);
  for (std::size_t i = 0; i < 48; ++i) x.as<float>()[i] = static_cast<float>(std::sin(i));
  for (std::size_t i = 0; i < 24; ++i) y.as<float>()[i] = static_cast<float>(std::cos(i));
  write_npz(file, {{"x", x.view()}, {"y", y.view()}});
  TrainConfig config = sequence_config("rnn 3 > dense 1", "npz:" + file, 0.1, 3);
  config.validation_fraction = 0.34;
  EXPECT_TRUE(std::isfinite(train(config).steps.back().validation_loss.value()));
  config.network = "rnn 3 > last > dense 1";
  EXPECT_THROW(train(config), ShapeError);
}

TEST(SequenceTrainingTest, AnOutputOfTheWrongShapeIsRefusedWithTheCure) {
  try {
    train(sequence_config("rnn 3 > dense 10", "glyphs?n=50", 0.1, 1));
    FAIL();
  } catch (const ShapeError& error) {
    EXPECT_STREQ(error.what(),
                 "network: its output has shape [28, 10] a sample, expected [10] (the classes of "
                 "glyphs?n=50); put flatten or last before the last dense");
  }
}

}  // namespace
}  // namespace plumb
