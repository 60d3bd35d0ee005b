// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/surgery.h"

#include <gtest/gtest.h>

#include "plumb/train/trainer.h"
#include "plumb/zoo/datasets.h"

namespace plumb::zoo {
namespace {

Network network_of(const char* text) { return {parse_spec(text), Shape{4}, {}}; }

TEST(SurgeryTest, TellsLinearFromNormalisation) {
  Network network = network_of("dense 6 > bn > relu > dense 3");
  ASSERT_EQ(linear_weights(network).size(), 2U);
  EXPECT_EQ(linear_weights(network)[0]->value.shape(), (Shape{6, 4}));
  EXPECT_EQ(linear_biases(network)[1]->value.shape(), (Shape{3}));
  ASSERT_EQ(norm_scales(network).size(), 1U);
  EXPECT_EQ(norm_scales(network)[0]->value.as<float>()[0], 1);
  EXPECT_EQ(norm_shifts(network)[0]->value.as<float>()[0], 0);
}

TEST(SurgeryTest, RankOneRowsAreMultiplesOfTheFirst) {
  Network network = network_of("dense 5");
  Param& weight = *linear_weights(network)[0];
  make_rank_one(weight, 1);
  const auto values = weight.value.as<float>();
  for (std::size_t row = 1; row < 5; ++row) {
    const float factor = values[row * 4] / values[0];
    EXPECT_NE(factor, 1);
    for (std::size_t c = 1; c < 4; ++c) EXPECT_NEAR(values[row * 4 + c], factor * values[c], 1e-5);
  }
}

TEST(SurgeryTest, RepeatedRowsAreEqual) {
  Network network = network_of("dense 5");
  Param& weight = *linear_weights(network)[0];
  repeat_rows(weight);
  const auto values = weight.value.as<float>();
  for (std::size_t i = 4; i < values.size(); ++i) EXPECT_EQ(values[i], values[i % 4]);
}

TEST(SurgeryTest, ATrainedStartIsWhereTheTrainingEnded) {
  TrainConfig config;
  config.network = "dense 8 > bn > relu > dense 3";
  config.record = "off";
  const Split data = hold_out(make_clusters({90, 4, 3}, 0));
  const Surgery start = trained_start(config, data, 20);
  config.steps = 20;
  Trainer trained(config, data);
  while (!trained.done()) trained.step();
  Trainer fresh(config, data);
  EXPECT_NE(fresh.evaluate(data.train).loss, trained.evaluate(data.train).loss);
  start(fresh.network());
  EXPECT_EQ(fresh.evaluate(data.train).loss, trained.evaluate(data.train).loss);
}

}  // namespace
}  // namespace plumb::zoo
