// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/layer_pace.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/run_builder.h"

namespace plumb {
namespace {

std::vector<LayerPace> paces(const plumb::Run& run) {
  const StepIndex index(run.info, run.steps[0]);
  return layer_paces(run.info, run.steps[0], flow_profile(LayerGraph(run.info), index), index);
}

TEST(LayerPaceTest, IsTheUpdateRelativeToTheWeight) {
  const auto all = paces(test::flat_run(3, 16, "relu", 1));
  ASSERT_EQ(all.size(), 3u);
  EXPECT_NEAR(all[0].log2_update, -7, 1e-9);
  EXPECT_NEAR(all[0].log2_learning, -7, 1e-9);
}

TEST(LayerPaceTest, AWeightOfZerosCountsAsHalfOfAUsualOne) {
  auto run = test::flat_run(3, 16, "relu", 1);
  test::put_rms(run.info, run.steps[0], "2", Role::weight,
                -std::numeric_limits<double>::infinity());
  EXPECT_NEAR(paces(run)[1].log2_update, (-2 - 7) - (-2 - 1), 1e-9);
}

TEST(LayerPaceTest, AStepAtRateZeroHasNone) {
  auto run = test::flat_run(3, 16, "relu", 1);
  run.steps[0].learning_rate = 0;
  EXPECT_TRUE(paces(run).empty());
}

// A layer whose update is rate * decay * weight and nothing else does not learn, however large that
// is.
TEST(LayerPaceTest, WeightDecayIsNotLearning) {
  auto run = test::flat_run(2, 16, "relu", 1);
  StepRecord& step = run.steps[0];
  const double decay = 0.125;
  step.learning_rate = 0.5;
  // Two weights of 64 recorded values and rms 1/4 each.
  step.weight_decay_norm = decay * 0.25 * std::sqrt(128.0);
  test::put_rms(run.info, step, "0", Role::update, std::log2(0.5 * decay * 0.25));
  test::put_rms(run.info, step, "0", Role::grad_weight, -60);
  const auto all = paces(run);
  EXPECT_NEAR(all[0].log2_update, -4, 1e-9);
  EXPECT_NEAR(all[0].log2_learning, -60 - 1 + 2, 1e-9);
}

}  // namespace
}  // namespace plumb
