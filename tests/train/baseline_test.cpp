// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/baseline.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "plumb/nn/loss.h"
#include "plumb/train/run_training.h"

namespace plumb {
namespace {

Dataset classes(const std::vector<std::int32_t>& labels, std::int64_t count,
                std::int64_t each = 1) {
  Dataset data;
  data.labels = labels;
  data.classes = count;
  data.labels_per_sample = each;
  const auto samples = static_cast<std::int64_t>(labels.size()) / each;
  data.x = Tensor(Shape{samples, 3}, DType::f32);
  return data;
}

Dataset values(const std::vector<float>& targets, std::int64_t outputs) {
  Dataset data;
  const auto samples = static_cast<std::int64_t>(targets.size()) / outputs;
  data.x = Tensor(Shape{samples, 3}, DType::f32);
  data.y = Tensor(Shape{samples, outputs}, DType::f32);
  std::copy(targets.begin(), targets.end(), data.y.view().as<float>().begin());
  return data;
}

// -3/4 log 3/4 - 1/4 log 1/4, not log 2.
TEST(BaselineTest, IsTheEntropyOfTheClassesThatAreThere) {
  const auto three_to_one = best_constant_answer(classes({0, 0, 1, 0}, 2), "cross_entropy", 2);
  ASSERT_TRUE(three_to_one);
  EXPECT_NEAR(three_to_one->loss, 0.5623351446188083, 1e-15);
  EXPECT_EQ(three_to_one->accuracy, 0.75);
  // Of -log 3/4 three times and -log 1/4 once: sqrt(3)/4 of their difference, log 3.
  EXPECT_NEAR(three_to_one->loss_deviation, std::sqrt(3.0) / 4 * std::log(3.0), 1e-15);
  const auto even = best_constant_answer(classes({0, 1, 2, 3}, 4), "cross_entropy", 4);
  EXPECT_NEAR(even->loss, std::log(4.0), 1e-15);
  EXPECT_NEAR(even->loss_deviation, 0, 1e-15);
  const auto absent = best_constant_answer(classes({0, 1}, 5), "cross_entropy", 5);
  EXPECT_NEAR(absent->loss, std::log(2.0), 1e-15);
}

TEST(BaselineTest, OfStepsWithALabelEachIsTheMeanOverThem) {
  const auto steps = best_constant_answer(classes({0, 0, 1, 1}, 2, 2), "cross_entropy", 2);
  EXPECT_NEAR(steps->loss, std::log(2.0), 1e-15);
  const auto uneven = best_constant_answer(classes({0, 0, 0, 1}, 2, 2), "cross_entropy", 2);
  EXPECT_NEAR(uneven->loss, 0.5623351446188083, 1e-15);
  EXPECT_NEAR(uneven->loss_deviation, std::log(3.0) / 4, 1e-15);
}

TEST(BaselineTest, IsHalfTheVarianceOfTheTargets) {
  const auto one = best_constant_answer(values({1, 3}, 1), "mse", 1);
  EXPECT_NEAR(one->loss, 0.5, 1e-15);
  EXPECT_NEAR(one->loss_deviation, 0, 1e-15);
  EXPECT_TRUE(std::isnan(one->accuracy));
  const auto two = best_constant_answer(values({1, 0, 3, 0, 1, 4, 3, 4}, 2), "mse", 2);
  EXPECT_NEAR(two->loss, 0.5 + 2, 1e-15);
  const auto one_hot = best_constant_answer(classes({0, 0, 1, 0}, 2), "mse", 2);
  EXPECT_NEAR(one_hot->loss, 3.0 / 16, 1e-15);
}

TEST(BaselineTest, OfOneLogitIsTheEntropyOfItsTargets) {
  const auto labels = best_constant_answer(classes({0, 0, 1, 0}, 2), "binary_cross_entropy", 1);
  EXPECT_NEAR(labels->loss, 0.5623351446188083, 1e-15);
  const auto soft = best_constant_answer(values({0, 0, 1, 0}, 1), "binary_cross_entropy", 1);
  EXPECT_NEAR(soft->loss, labels->loss, 1e-15);
  const auto one_hot = best_constant_answer(classes({0, 0, 1, 0}, 2), "binary_cross_entropy", 2);
  EXPECT_NEAR(one_hot->loss, 2 * labels->loss, 1e-15);
}

TEST(BaselineTest, AreNoneWhereThereIsNoBestConstant) {
  EXPECT_FALSE(best_constant_answer(values({1, 3}, 1), "difference", 1));
  EXPECT_FALSE(best_constant_answer(classes({}, 2), "cross_entropy", 2));
}

// No constant does better: the losses themselves say so.
TEST(BaselineTest, IsWhatTheLossGivesForItsAnswer) {
  const Dataset data = classes({0, 2, 2, 1, 2, 0}, 3);
  const double parts[] = {2.0 / 6, 1.0 / 6, 3.0 / 6};
  Tensor y(Shape{6, 3}, DType::f64);
  const auto outputs = y.view().as<double>();
  for (std::size_t i = 0; i < outputs.size(); ++i) outputs[i] = std::log(parts[i % 3]);
  const auto loss = make_loss("cross_entropy");
  const Target target{data.labels, {}};
  const double best = best_constant_answer(data, "cross_entropy", 3)->loss;
  EXPECT_NEAR(best, loss->value(y.view(), target), 1e-14);
  for (std::size_t i = 0; i < outputs.size(); i += 3) outputs[i] += 0.1;
  EXPECT_GT(loss->value(y.view(), target), best);
}

TEST(BaselineTest, ATrainingTellsItAndItsOptimiser) {
  TrainConfig config;
  config.network = "flatten > dense 8 > relu > dense 10";
  config.data = "glyphs?n=100";
  config.optimiser.name = "adam";
  config.clip_norm = 2;
  config.steps = 2;
  const plumb::Run run = train(config);
  ASSERT_TRUE(run.info.baseline);
  EXPECT_NEAR(run.info.baseline->loss, std::log(10.0), 0.1);
  ASSERT_TRUE(run.info.optimiser_info);
  EXPECT_TRUE(run.info.optimiser_info->is_adaptive());
  EXPECT_EQ(run.info.optimiser_info->momentum, 0.9);
  EXPECT_EQ(run.info.optimiser_info->clip_norm, 2);
  EXPECT_FALSE(run.steps.back().inference_loss) << "it infers as it trains";
}

// Running statistics that have hardly left their start give another answer than those of the batch.
TEST(BaselineTest, ATrainingTellsHowItAnswersInUse) {
  TrainConfig config;
  config.network = "flatten > dense 16 > bn momentum=0.001 > relu > dense 10";
  config.data = "glyphs?n=200";
  config.epochs = 2;
  const plumb::Run run = train(config);
  int told = 0;
  for (const StepRecord& step : run.steps) {
    EXPECT_EQ(step.inference_loss.has_value(), step.validation_loss.has_value());
    told += step.inference_loss ? 1 : 0;
  }
  EXPECT_EQ(told, 2);
  EXPECT_GT(std::abs(*run.steps.back().inference_loss - run.steps.back().loss), 0.05);
  EXPECT_EQ(run.info.layers[3].running_momentum, 0.001);
}

}  // namespace
}  // namespace plumb
