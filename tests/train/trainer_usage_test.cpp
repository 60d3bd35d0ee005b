// SPDX-License-Identifier: Apache-2.0
// Calls that a Trainer's contract rules out, and data that do not fit.
#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <utility>

#include "plumb/core/error.h"
#include "plumb/train/trainer.h"
#include "tests/support/message_of.h"

namespace plumb {
namespace {

using testing::message_of;

static_assert(!std::is_constructible_v<Trainer, const TrainConfig&, Split&&>);
static_assert(!std::is_constructible_v<Trainer, const TrainConfig&, const Split&&>);
static_assert(std::is_constructible_v<Trainer, const TrainConfig&, const Split&>);
// Its probe and its batches refer to its own members.
static_assert(!std::is_move_constructible_v<Trainer> && !std::is_move_assignable_v<Trainer>);

Dataset samples(std::int64_t count, std::int64_t features = 2) {
  Dataset data;
  data.name = "made";
  data.classes = 3;
  data.x = Tensor(Shape{count, features}, DType::f32);
  for (std::int64_t i = 0; i < count; ++i) data.labels.push_back(static_cast<std::int32_t>(i % 3));
  return data;
}

Dataset values(std::int64_t count, std::int64_t outputs) {
  Dataset data;
  data.name = "values";
  data.x = Tensor(Shape{count, 2}, DType::f32);
  data.y = Tensor(Shape{count, outputs}, DType::f32);
  return data;
}

Split split(std::int64_t train = 10, std::int64_t validation = 4) {
  return {samples(train), samples(validation)};
}

TrainConfig config() {
  TrainConfig config;
  config.network = "dense 4 > tanh > dense 3";
  config.batch = 5;
  config.epochs = 2;
  config.data = "made";
  return config;
}

TEST(TrainerUsageTest, NoStepAfterTheLast) {
  const Split data = split();
  Trainer trainer(config(), data);
  while (!trainer.done()) trainer.step();
  const std::string expected = "Trainer::step after the last of 4 planned steps: ask done() first";
  EXPECT_EQ(message_of<UsageError>([&] { trainer.step(); }), expected);
  EXPECT_EQ(trainer.step_count(), 4);
  EXPECT_NO_THROW(trainer.probe());
  EXPECT_NO_THROW(trainer.evaluate(data.validation));
}

TEST(TrainerUsageTest, RefusesDataThatWouldBeReadPastTheirEnd) {
  Split data = split();
  data.train.labels.resize(7);
  EXPECT_EQ(message_of<DataError>([&] { Trainer(config(), data); }),
            "made: 7 labels, expected 1 for each of 10 samples");
  data = split();
  data.validation.labels.resize(3);
  EXPECT_EQ(message_of<DataError>([&] { Trainer(config(), data); }),
            "made: 3 labels, expected 1 for each of 4 samples");
  data = split();
  data.train.labels[9] = 3;
  EXPECT_EQ(message_of<DataError>([&] { Trainer(config(), data); }),
            "made: label 3 of sample 9, expected 0 to 2");
}

TEST(TrainerUsageTest, AValidationPartOfAnotherKindIsRefusedAtOnce) {
  Split data = split();
  data.validation = samples(4, 6);
  EXPECT_EQ(
      message_of<UsageError>([&] { Trainer(config(), data); }),
      "Trainer cannot evaluate made: x has shape [6] a sample, expected [2] as the training data");
}

TEST(TrainerUsageTest, EvaluatesDataLikeThoseItTrainsOn) {
  const Split data = split();
  Trainer trainer(config(), data);
  const auto refused = [&](const Dataset& given) {
    return message_of<UsageError>([&] { trainer.evaluate(given); });
  };
  EXPECT_EQ(refused({}), "Trainer cannot evaluate data: no samples, expected one or more");
  EXPECT_EQ(
      refused(samples(4, 3)),
      "Trainer cannot evaluate made: x has shape [3] a sample, expected [2] as the training data");
  EXPECT_EQ(refused(values(4, 3)),
            "Trainer cannot evaluate values: 0 classes, expected 3 as the training data");
  Dataset steps = samples(4);
  steps.labels_per_sample = 2;
  steps.labels.resize(8);
  EXPECT_EQ(refused(steps),
            "Trainer cannot evaluate made: 2 labels a sample, expected 1 as the training data");
  Dataset torn = samples(4);
  torn.labels.pop_back();
  EXPECT_EQ(message_of<DataError>([&] { trainer.evaluate(torn); }),
            "made: 3 labels, expected 1 for each of 4 samples");
  EXPECT_NO_THROW(trainer.evaluate(samples(1)));
}

TEST(TrainerUsageTest, EvaluatesTargetsOfTheShapeItTrainsOn) {
  const Split data{values(10, 3), {}};
  Trainer trainer(config(), data);
  EXPECT_EQ(
      message_of<UsageError>([&] { trainer.evaluate(values(4, 2)); }),
      "Trainer cannot evaluate values: y has shape [2] a sample, expected [3] as the training "
      "data");
  EXPECT_EQ(message_of<UsageError>([&] { trainer.evaluate(samples(4)); }),
            "Trainer cannot evaluate made: 3 classes, expected 0 as the training data");
  EXPECT_NO_THROW(trainer.evaluate(values(4, 3)));
}

TEST(TrainerUsageTest, ItsNetworkTakesNoOtherPlanAndStaysInItsPlace) {
  const Split data = split();
  Trainer trainer(config(), data);
  trainer.step();
  trainer.network().plan(64);
  EXPECT_THROW(trainer.step(), ShapeError);
  trainer.network().plan(5);
  trainer.step();
  const Network taken = std::move(trainer.network());
  EXPECT_THROW(trainer.step(), UsageError);
  EXPECT_THROW(trainer.probe(), UsageError);
  EXPECT_THROW(trainer.evaluate(data.train), UsageError);
}

TEST(TrainerUsageTest, ItsGradientsAreSharedByItsOwnChoiceAlone) {
  const Split data = split();
  TrainConfig clipped = config();
  clipped.clip_norm = 1;
  Trainer trainer(clipped, data);
  trainer.step();
  trainer.network().share_gradients();
  EXPECT_THROW(trainer.step(), UsageError);
}

TEST(TrainerUsageTest, NeedsAThread) {
  const Split data = split();
  TrainConfig idle = config();
  idle.threads = 0;
  EXPECT_THROW(Trainer(idle, data), UsageError);
}

}  // namespace
}  // namespace plumb
