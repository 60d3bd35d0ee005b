// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/rate_sweep.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "plumb/cure/cure_data.h"

namespace plumb {
namespace {

TrainConfig small_net() {
  TrainConfig config;
  config.network = "2 x [dense 16 > tanh] > dense 3";
  config.data = "teacher?in=8&classes=3&n=400";
  config.init = "glorot_normal";
  config.bias_init = "zeros";
  config.steps = 300;
  return config;
}

TEST(RateSweepTest, TheGridHasFourADecade) {
  EXPECT_DOUBLE_EQ(grid_rate(0), 1);
  EXPECT_DOUBLE_EQ(grid_rate(-4), 0.1);
  EXPECT_DOUBLE_EQ(grid_rate(-3), 0.18);
  EXPECT_DOUBLE_EQ(grid_rate(-2), 0.32);
  EXPECT_DOUBLE_EQ(grid_rate(-1), 0.56);
}

TEST(RateSweepTest, FindsTheRateOfTheFullGridFromAnyStart) {
  TrainConfig config = small_net();
  CureData data(config);
  const Split& split = data.of(config).split;
  const std::vector<RateTrial> grid = full_rate_grid(config, split, 1e-3, 10, 300);
  const auto best =
      std::min_element(grid.begin(), grid.end(),
                       [](const RateTrial& a, const RateTrial& b) { return a.loss < b.loss; });
  for (const double start : {1e-4, 0.1, 30.0}) {
    config.learning_rate = start;
    const RateSweep sweep = sweep_rates(config, split);
    ASSERT_TRUE(sweep.best) << start;
    EXPECT_LT(std::abs(std::log(*sweep.best / best->rate)), std::log(3.0)) << start;
  }
}

// Five decades down nothing learns yet.
TEST(RateSweepTest, GoesFurtherDownFromARateThatIsFarTooHigh) {
  TrainConfig config = small_net();
  config.network = "3 x [dense 32 > relu] > dense 3";
  config.learning_rate = 1e7;
  CureData data(config);
  const RateSweep sweep = sweep_rates(config, data.of(config).split);
  ASSERT_TRUE(sweep.best);
  EXPECT_GT(*sweep.best, 1e-3);
  EXPECT_LT(*sweep.best, 3);
}

TEST(RateSweepTest, LooksBelowARateThatIsTooHighWhereTheBudgetIsSmall) {
  TrainConfig config = small_net();
  config.learning_rate = 300;
  CureData data(config);
  const Split& split = data.of(config).split;
  RateSweepOptions options;
  double affordable = 0;  // the largest that does not do for both sides
  for (options.budget_s = 1e-4; sweep_rates(config, split, options).trials.empty();
       options.budget_s *= 1.2) {
    affordable = options.budget_s;
  }
  options.budget_s = affordable;
  options.is_too_high = true;
  const RateSweep sweep = sweep_rates(config, split, options);
  ASSERT_TRUE(sweep.best);
  EXPECT_LT(*sweep.best, 10);
  for (const RateTrial& trial : sweep.trials) EXPECT_LE(trial.rate, 320);
}

TEST(RateSweepTest, IsTheSameEveryTime) {
  const TrainConfig config = small_net();
  CureData data(config);
  const RateSweep a = sweep_rates(config, data.of(config).split);
  const RateSweep b = sweep_rates(config, data.of(config).split);
  ASSERT_EQ(a.trials.size(), b.trials.size());
  for (std::size_t i = 0; i < a.trials.size(); ++i) EXPECT_EQ(a.trials[i].loss, b.trials[i].loss);
  EXPECT_EQ(a.best, b.best);
}

TEST(RateSweepTest, GivesNoRateWhereTheBudgetIsTooSmall) {
  const TrainConfig config = small_net();
  CureData data(config);
  const RateSweep sweep = sweep_rates(config, data.of(config).split, {.budget_s = 1e-4});
  EXPECT_FALSE(sweep.best);
  EXPECT_TRUE(sweep.trials.empty());
}

}  // namespace
}  // namespace plumb
