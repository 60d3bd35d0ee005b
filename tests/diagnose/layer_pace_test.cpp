// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/layer_pace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

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

TEST(LayerPaceTest, AStepThatWasSkippedAndAFrozenLayerHaveNone) {
  auto run = test::flat_run(3, 16, "relu", 1);
  run.info.params[1].frozen = true;
  ASSERT_EQ(paces(run).size(), 2u);
  EXPECT_EQ(paces(run)[1].layer, test::id_of(run.info, "4"));
  run.steps[0].skipped = true;
  EXPECT_TRUE(paces(run).empty());
}

TEST(LayerPaceTest, SizesAreThoseOfTheRecordAndTheGradientIsClipped) {
  auto run = test::flat_run(2, 16, "relu", 1);
  StepRecord& step = run.steps[0];
  step.clip_factor = 0.125;
  test::put_rms(run.info, step, "2", Role::weight, -1);
  test::put_rms(run.info, step, "2", Role::grad_weight, -4);
  test::put_rms(run.info, step, "2", Role::update, -9);
  const LayerPace pace = paces(run).at(1);
  EXPECT_EQ(pace.layer, test::id_of(run.info, "2"));
  EXPECT_NEAR(pace.log2_weight, -1, 1e-9);
  EXPECT_NEAR(pace.log2_gradient, -7, 1e-9);
  EXPECT_NEAR(pace.log2_step, -9, 1e-9);
  EXPECT_NEAR(pace.log2_update, -8, 1e-9);
}

/// An rnn of 16 units whose two weights of rms 1/4 move by these parts of themselves.
plumb::Run rnn_that_moves(double log2_input, double log2_recurrent) {
  auto run = test::flat_run(2, 16, "relu", 1);
  const LayerId layer = test::id_of(run.info, "1");
  run.info.layers[static_cast<std::size_t>(layer)].family = LayerFamily::recurrent;
  for (const auto& [use, log2] : {std::pair(ParamUse::weight, log2_input),
                                  std::pair(ParamUse::recurrent_weight, log2_recurrent),
                                  std::pair(ParamUse::recurrent_bias, 9.0)}) {
    const auto id = static_cast<ParamId>(run.info.params.size());
    run.info.params.push_back({.path = "1", .name = "w", .use = use, .users = {layer}, .count = 1});
    StepRecord& step = run.steps[0];
    step.sketches.push_back({Site::param(id, Role::weight), test::sketch_with_rms(-2)});
    step.sketches.push_back({Site::param(id, Role::update), test::sketch_with_rms(-2 + log2)});
  }
  return run;
}

TEST(LayerPaceTest, OfARecurrentLayerTheWeightThatMovesMoreCounts) {
  for (const auto& [input, recurrent] : {std::pair(-5.0, -6.0), {-6.0, -5.0}, {-4.0, -9.0}}) {
    const auto run = rnn_that_moves(input, recurrent);
    const auto all = paces(run);
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[2].layer, test::id_of(run.info, "1"));
    EXPECT_EQ(run.info.param(all[2].param).use,
              input > recurrent ? ParamUse::weight : ParamUse::recurrent_weight);
    EXPECT_NEAR(all[2].log2_update, std::max(input, recurrent), 1e-9);
  }
}

// One part in twenty more than the decay: rounding. More is learning.
TEST(LayerPaceTest, WhatIsLittleMoreThanTheDecayIsTheDecay) {
  for (const double more : {1.04, 1.06}) {
    auto run = test::flat_run(2, 16, "relu", 1);
    StepRecord& step = run.steps[0];
    step.learning_rate = 0.5;
    step.weight_decay_norm = 0.125 * 0.25 * std::sqrt(128.0);
    test::put_rms(run.info, step, "0", Role::update, std::log2(more * 0.5 * 0.125 * 0.25));
    test::put_rms(run.info, step, "0", Role::grad_weight, -60);
    const LayerPace pace = paces(run).at(0);
    EXPECT_EQ(pace.log2_learning < -50, more < 1.05);
  }
}

// Of the norm of the term that was added and of the weights of norm 3 and 4; a bias does not decay.
TEST(LayerPaceTest, TheDecayIsTheTermOverAllWeights) {
  auto run = test::flat_run(2, 16, "relu", 1);
  StepRecord& step = run.steps[0];
  test::put_rms(run.info, step, "0", Role::weight, std::log2(3.0 / 8));  // of 64 values
  test::put_rms(run.info, step, "2", Role::weight, std::log2(4.0 / 8));
  run.info.params.push_back({.path = "0.bias",
                             .name = "bias",
                             .use = ParamUse::bias,
                             .users = {test::id_of(run.info, "0")},
                             .count = 16});
  step.sketches.push_back({Site::param(2, Role::weight), test::sketch_with_rms(9)});
  step.weight_decay_norm = 0.01;
  EXPECT_NEAR(decay_of(run.info, step), 0.01 / 5, 1e-12);
  step.weight_decay_norm = 0;
  EXPECT_EQ(decay_of(run.info, step), 0);
  // A run that was watched has no such term, and the optimiser's own word.
  run.info.optimiser_info.emplace().weight_decay = 0.3;
  EXPECT_EQ(decay_of(run.info, step), 0.3);
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
