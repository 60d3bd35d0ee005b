// SPDX-License-Identifier: Apache-2.0
#include "plumb/flow/step_index.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/run_builder.h"

namespace plumb {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Two layers, each with parameters of its own: ids in the order in which they are added.
struct TwoLayers {
  TwoLayers() { info.layers.resize(2); }
  ParamId add(ParamUse use, std::vector<LayerId> users) {
    ParamInfo param;
    param.use = use;
    param.users = std::move(users);
    info.params.push_back(param);
    return static_cast<ParamId>(info.params.size()) - 1;
  }
  RunInfo info;
};

/// Puts sketches of these sizes of a parameter.
void put(StepRecord& step, ParamId param, double weight, double grad_weight, double update) {
  step.sketches.push_back({Site::param(param, Role::weight), test::sketch_with_rms(weight)});
  step.sketches.push_back(
      {Site::param(param, Role::grad_weight), test::sketch_with_rms(grad_weight)});
  step.sketches.push_back({Site::param(param, Role::update), test::sketch_with_rms(update)});
}

TEST(StepIndexTest, AWeightItsGradientAndItsUpdateAreFoundByTheirLayer) {
  TwoLayers net;
  const ParamId first = net.add(ParamUse::weight, {0});
  const ParamId second = net.add(ParamUse::weight, {1});
  StepRecord step;
  put(step, second, -4, -5, -6);
  put(step, first, -1, -2, -3);
  const StepIndex index(net.info, step);
  EXPECT_NEAR(log2_rms_or_nan(index.find(0, Role::weight)), -1, 1e-12);
  EXPECT_NEAR(log2_rms_or_nan(index.find(0, Role::grad_weight)), -2, 1e-12);
  EXPECT_NEAR(log2_rms_or_nan(index.find(0, Role::update)), -3, 1e-12);
  EXPECT_NEAR(log2_rms_or_nan(index.find(1, Role::weight)), -4, 1e-12);
  EXPECT_NEAR(log2_rms_or_nan(index.of_param(second, Role::update)), -6, 1e-12);
}

// A bias, a recurrent weight or a scale is no weight of the layer, wherever it stands in the list.
TEST(StepIndexTest, OnlyAParameterUsedAsAWeightIsTheWeight) {
  for (const ParamUse other : {ParamUse::bias, ParamUse::recurrent_weight, ParamUse::scale}) {
    TwoLayers net;
    const ParamId before = net.add(other, {0});
    const ParamId weight = net.add(ParamUse::weight, {0});
    const ParamId after = net.add(other, {0});
    const ParamId alone = net.add(other, {1});
    StepRecord step;
    for (const ParamId param : {before, after, alone}) put(step, param, 7, 7, 7);
    put(step, weight, -1, -2, -3);
    for (const ParamId param : {before, weight, after, alone}) {
      step.symmetries.push_back({param, 10 + param, 0});
    }
    const StepIndex index(net.info, step);
    EXPECT_NEAR(log2_rms_or_nan(index.find(0, Role::weight)), -1, 1e-12);
    ASSERT_NE(index.symmetry(0), nullptr);
    EXPECT_EQ(index.symmetry(0)->units, 10 + weight);
    EXPECT_EQ(index.find(1, Role::weight), nullptr);
    EXPECT_EQ(index.symmetry(1), nullptr);
  }
}

TEST(StepIndexTest, OfTwoWeightsOfALayerTheFirstIsMeant) {
  TwoLayers net;
  const ParamId first = net.add(ParamUse::weight, {0});
  const ParamId second = net.add(ParamUse::weight, {0});
  StepRecord step;
  put(step, first, -1, -2, -3);
  put(step, second, 7, 7, 7);
  EXPECT_NEAR(log2_rms_or_nan(StepIndex(net.info, step).find(0, Role::weight)), -1, 1e-12);
}

TEST(StepIndexTest, AParameterThatNobodyUsesIsNoLayersWeight) {
  TwoLayers net;
  const ParamId unused = net.add(ParamUse::weight, {});
  const ParamId beyond = net.add(ParamUse::weight, {7});
  StepRecord step;
  put(step, unused, 1, 1, 1);
  put(step, beyond, 1, 1, 1);
  const StepIndex index(net.info, step);
  EXPECT_EQ(index.find(0, Role::weight), nullptr);
  EXPECT_EQ(index.find(1, Role::weight), nullptr);
  EXPECT_NE(index.of_param(unused, Role::weight), nullptr);
}

TEST(StepIndexTest, OfALayerTheFirstOutputIsMeant) {
  TwoLayers net;
  StepRecord step;
  step.sketches.push_back({Site::layer(1, Role::a, 0), test::sketch_with_rms(-1)});
  step.sketches.push_back({Site::layer(1, Role::a, 1), test::sketch_with_rms(-2)});
  step.sketches.push_back({Site::layer(1, Role::grad_a, 1), test::sketch_with_rms(-3)});
  step.joins.push_back({.layer = 1, .output = 1, .ways = {{0, 0, -3, 1}}});
  const StepIndex index(net.info, step);
  EXPECT_NEAR(log2_rms_or_nan(index.find(1, Role::a)), -1, 1e-12);
  EXPECT_EQ(index.find(1, Role::grad_a), nullptr);
  EXPECT_EQ(index.join(1), nullptr);
}

TEST(StepIndexTest, WaysThroughABlockStandBesideThoseOfAllReaders) {
  TwoLayers net;
  StepRecord step;
  step.joins.push_back({.layer = 0, .ways = {{1, 0, -3, 1}}});
  step.joins.push_back({.layer = 0, .through = 1, .ways = {{1, 0, -5, 1}}});
  const StepIndex index(net.info, step);
  EXPECT_EQ(index.join(0), &step.joins[0]);
  EXPECT_EQ(index.join_through(0), nullptr);
  EXPECT_EQ(index.join(1), nullptr);
  EXPECT_EQ(index.join_through(1), &step.joins[1]);
}

// A file from elsewhere may say anything; the last layer and the last parameter are still in.
TEST(StepIndexTest, RecordsOfWhatTheGraphLacksArePassedOver) {
  TwoLayers net;
  const ParamId weight = net.add(ParamUse::weight, {1});
  StepRecord step;
  for (const LayerId layer : {-1, 1, 2, 3}) {
    step.sketches.push_back({Site::layer(layer, Role::z), test::sketch_with_rms(layer)});
    step.activations.push_back({.layer = layer});
    step.joins.push_back({.layer = layer, .ways = {}});
    step.joins.push_back({.layer = 0, .through = layer == -1 ? 5 : layer, .ways = {}});
  }
  for (const ParamId param : {-1, weight, 1, 2}) {
    step.sketches.push_back({Site::param(param, Role::weight), test::sketch_with_rms(param)});
    step.symmetries.push_back({param, 4, 0});
  }
  const StepIndex index(net.info, step);
  EXPECT_EQ(index.find(0, Role::z), nullptr);
  EXPECT_NEAR(log2_rms_or_nan(index.find(1, Role::z)), 1, 1e-12);
  EXPECT_EQ(index.activation(0), nullptr);
  EXPECT_EQ(index.activation(1), &step.activations[1]);
  EXPECT_EQ(index.join(1), &step.joins[2]);
  EXPECT_EQ(index.join_through(1), &step.joins[3]);
  EXPECT_NEAR(log2_rms_or_nan(index.find(1, Role::weight)), weight, 1e-12);
  EXPECT_NE(index.symmetry(1), nullptr);
  EXPECT_EQ(&index.step(), &step);
}

TEST(StepIndexTest, WhatHasNoSizeIsNaNAndZerosAreMinusInfinity) {
  EXPECT_TRUE(std::isnan(log2_rms_or_nan(nullptr)));
  const Sketch nothing;
  EXPECT_TRUE(std::isnan(log2_rms_or_nan(&nothing)));
  const Sketch sick = test::with_nonfinite(test::sketch_with_rms(0), 1);
  EXPECT_TRUE(std::isnan(log2_rms_or_nan(&sick)));
  const Sketch zeros = test::sketch_with_rms(-kInfinity);
  EXPECT_EQ(log2_rms_or_nan(&zeros), -kInfinity);
}

}  // namespace
}  // namespace plumb
