// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/rate_search.h"

#include <gtest/gtest.h>

#include <cmath>

#include "plumb/core/error.h"

namespace plumb {
namespace {

TrainConfig config_of(const std::string& network) {
  TrainConfig config;
  config.network = network;
  config.data = "teacher?n=200&in=8&out=1&depth=1";
  config.validation_fraction = 0;
  config.record = "off";
  config.steps = 1000;
  return config;
}

TEST(RateSearchTest, FindsARateBelowTheEdgeOfStability) {
  const TrainConfig config = config_of("dense 16 > tanh > dense 1");
  const Split data = load_split(config.data, config.data_options());
  Trainer trainer(config, data);
  const FoundRate found = search_rate(trainer, {});
  ASSERT_TRUE(found.suggestion.has_value());
  EXPECT_GT(*found.suggestion, 1e-4);
  EXPECT_LT(*found.suggestion, 1);
  EXPECT_TRUE(found.diverged);
  const RatePoint& first = found.points.front();
  const RatePoint& second = found.points[1];
  EXPECT_DOUBLE_EQ(first.rate, 1e-6);
  EXPECT_NEAR(second.rate / first.rate, std::pow(1e7, 1.0 / 99), 1e-9);
  EXPECT_DOUBLE_EQ(first.smooth, first.loss);
  EXPECT_NEAR(second.smooth, (0.9 * 0.1 * first.loss + 0.1 * second.loss) / (1 - 0.81), 1e-12);
}

TEST(RateSearchTest, NamesNoneWhereNothingIsLearned) {
  TrainConfig config = config_of("dense 16 > relu > dense 1");
  config.init = "zeros";
  config.bias_init = "zeros";
  const Split data = load_split(config.data, config.data_options());
  Trainer trainer(config, data);
  const FoundRate found = search_rate(trainer, {.first = 1e-9, .last = 1e-8, .steps = 20});
  EXPECT_FALSE(found.suggestion.has_value());
  EXPECT_FALSE(found.diverged);
}

TEST(RateSearchTest, RefusesWhatIsNoRange) {
  const TrainConfig config = config_of("dense 1");
  const Split data = load_split(config.data, config.data_options());
  Trainer trainer(config, data);
  EXPECT_THROW(search_rate(trainer, {.first = 0}), SpecError);
  EXPECT_THROW(search_rate(trainer, {.first = 1, .last = 1}), SpecError);
  EXPECT_THROW(search_rate(trainer, {.steps = 9}), SpecError);
  EXPECT_THROW(search_rate(trainer, {.last = INFINITY}), SpecError);
}

}  // namespace
}  // namespace plumb
