// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "plumb/flow/ledger.h"
#include "plumb/flow/step_index.h"
#include "tests/support/mini_net.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

// They refer to what they are made of.
static_assert(!std::is_constructible_v<StepIndex, const RunInfo&, StepRecord&&>);
static_assert(std::is_constructible_v<StepIndex, const RunInfo&, const StepRecord&>);

std::vector<FlowPoint> line(int points, double log2_per_layer_towards_input) {
  std::vector<FlowPoint> profile;
  for (int depth = 1; depth <= points; ++depth) {
    FlowPoint point;
    point.layer = depth;
    point.depth = depth;
    point.log2_grad_z = log2_per_layer_towards_input * (points - depth);
    profile.push_back(point);
  }
  return profile;
}

std::vector<std::string> paths_of(const RunInfo& info, const std::vector<FlowPoint>& profile) {
  std::vector<std::string> paths;
  for (const FlowPoint& point : profile) paths.push_back(info.layer(point.layer).path);
  return paths;
}

TEST(DepthScaleTest, StraightLineGivesItsSlope) {
  const DepthScale scale = fit_depth_scale(line(20, -2.0));
  EXPECT_NEAR(scale.log2_per_layer, -2.0, 1e-12);
  EXPECT_NEAR(scale.layers_per_efold, 1 / (2.0 * std::log(2.0)), 1e-12);
  EXPECT_NEAR(scale.r_squared, 1.0, 1e-12);
  EXPECT_EQ(scale.layers, 19);
}

TEST(DepthScaleTest, GrowingGradientHasNegativeScale) {
  const DepthScale scale = fit_depth_scale(line(10, 0.5));
  EXPECT_NEAR(scale.log2_per_layer, 0.5, 1e-12);
  EXPECT_NEAR(scale.layers_per_efold, -2 / std::log(2.0), 1e-12);
}

TEST(DepthScaleTest, FlatGradientHasInfiniteScale) {
  const DepthScale scale = fit_depth_scale(line(10, 0.0));
  EXPECT_EQ(scale.log2_per_layer, 0.0);
  EXPECT_EQ(scale.layers_per_efold, std::numeric_limits<double>::infinity());
}

TEST(DepthScaleTest, ZeroAndMissingGradientsAndTheLastLayerAreLeftOut) {
  std::vector<FlowPoint> profile = line(12, -1.0);
  profile[3].log2_grad_z = -std::numeric_limits<double>::infinity();
  profile[5].log2_grad_z = std::numeric_limits<double>::quiet_NaN();
  profile[11].log2_grad_z = 40;
  const DepthScale scale = fit_depth_scale(profile);
  EXPECT_EQ(scale.layers, 9);
  EXPECT_NEAR(scale.log2_per_layer, -1.0, 1e-12);
}

// Of three points the last counts, of four it does not: its step is of another kind.
TEST(DepthScaleTest, TheLastOfFourIsLeftOut) {
  for (const int points : {3, 4}) {
    std::vector<FlowPoint> profile = line(points, -1.0);
    std::swap(profile.front(), profile.back());  // it is told by its depth, not by its place
    profile.front().log2_grad_z = 6;
    const DepthScale scale = fit_depth_scale(profile);
    EXPECT_EQ(scale.layers, 3);
    EXPECT_NEAR(scale.log2_per_layer, points == 4 ? -1 : -4, 1e-12);
  }
}

TEST(DepthScaleTest, FewPointsHaveNoRSquared) {
  EXPECT_TRUE(std::isnan(fit_depth_scale(line(2, -1)).r_squared));
  EXPECT_NEAR(fit_depth_scale(line(2, -1)).log2_per_layer, -1, 1e-12);
  EXPECT_EQ(fit_depth_scale({}).layers, 0);
}

// Mean field for a sigmoid net with weight variance 1/n and no bias: ln chi1 = ln 0.0557207 =
// -2.887 a layer on the squared norm (Schoenholz et al. 2017, eq. 9 by quadrature), so -2.083 in
// log2 of the norm. The fit over depth of one net of width 100 comes within a few per cent of it.
TEST(DepthScaleTest, SigmoidNetAgreesWithMeanField) {
  test::MiniSpec spec;
  spec.activation = "sigmoid";
  spec.gain = 1;
  spec.depth = 20;
  spec.width = 100;
  spec.steps = 1;
  const auto run = test::run_mini_net(spec);
  const DepthScale scale = fit_depth_scale(flow_profile(run.info, run.steps[0]));
  EXPECT_NEAR(scale.log2_per_layer, 0.5 * std::log2(0.055720706770), 0.06);
  EXPECT_GT(scale.r_squared, 0.99);
}

TEST(FlowProfileTest, HasOnePointForEachLinearLayerWithWhatFollowsIt) {
  auto run = test::flat_run(3, 16, "relu", 1);
  StepRecord& step = run.steps[0];
  test::put_rms(run.info, step, "3", Role::a, -5);
  test::put_rms(run.info, step, "2", Role::update, -12);
  const auto profile = flow_profile(run.info, step);
  ASSERT_EQ(profile.size(), 3u);
  EXPECT_EQ(profile[0].layer, test::id_of(run.info, "0"));
  EXPECT_EQ(profile[2].depth, 3);
  EXPECT_EQ(profile[1].units, 16);
  EXPECT_NEAR(profile[1].log2_a, -5, 1e-12);
  EXPECT_NEAR(profile[1].log2_weight, -2, 1e-12);
  EXPECT_NEAR(profile[1].log2_update_ratio, -10, 1e-12);
  EXPECT_NEAR(profile[2].log2_a, profile[2].log2_z, 1e-12);  // nothing follows the last layer
}

TEST(FlowProfileTest, WhatFollowsALayerEndsWhereTheNextOneComputes) {
  using enum LayerFamily;
  constexpr std::pair<LayerFamily, bool> kRows[] = {
      {activation, true},    {shape, true},      {dropout, true},
      {normalisation, true}, {pooling, true},    {recurrent, false},
      {attention, false},    {embedding, false}, {other, false}};
  for (const auto& [family, hands_on] : kRows) {
    SCOPED_TRACE(to_string(family));
    auto run = test::flat_run(4, 16, "relu", 1);
    StepRecord& step = run.steps[0];
    run.info.layers[static_cast<std::size_t>(test::id_of(run.info, "1"))].family = family;
    for (const char* path : {"0", "2", "4", "6"}) {
      test::put_rms(run.info, step, path, Role::z, -std::stod(path));
    }
    for (const char* path : {"1", "3", "5"}) {
      test::put_rms(run.info, step, path, Role::a, -std::stod(path));
    }
    const auto profile = flow_profile(run.info, step);
    ASSERT_EQ(profile.size(), 4u);
    EXPECT_NEAR(profile[0].log2_a, hands_on ? -1 : 0, 1e-12);
    EXPECT_NEAR(profile[1].log2_a, -3, 1e-12);
    EXPECT_NEAR(profile[2].log2_a, -5, 1e-12);
    EXPECT_NEAR(profile[3].log2_a, -6, 1e-12) << "nothing follows the last one";
  }
}

// x * sigmoid(x W): what reads two tensors computes something new.
TEST(FlowProfileTest, AProductOfTwoDoesNotHandOn) {
  auto run = test::flat_run(3, 16, "relu", 1);
  StepRecord& step = run.steps[0];
  const LayerId first = test::id_of(run.info, "0"), product = test::id_of(run.info, "1");
  LayerInfo gate = test::dense_info("gate", 2, 16, 16);
  gate.inputs = {{first}};
  run.info.layers.push_back(gate);
  run.info.layers[static_cast<std::size_t>(product)].inputs = {{first},
                                                               {test::id_of(run.info, "gate")}};
  test::put_rms(run.info, step, "0", Role::z, -2);
  test::put_rms(run.info, step, "1", Role::a, -5);
  EXPECT_NEAR(flow_profile(run.info, step).front().log2_a, -2, 1e-12);
}

TEST(FlowProfileTest, EachTensorOfALayerHasItsOwnSize) {
  auto run = test::flat_run(2, 16, "relu", 1);
  StepRecord& step = run.steps[0];
  test::put_rms(run.info, step, "2", Role::z, -1);
  test::put_rms(run.info, step, "2", Role::grad_z, -2);
  test::put_rms(run.info, step, "2", Role::weight, -3);
  test::put_rms(run.info, step, "2", Role::grad_weight, -4);
  test::put_rms(run.info, step, "2", Role::update, -8);
  const FlowPoint point = flow_profile(run.info, step).back();
  EXPECT_EQ(point.layer, test::id_of(run.info, "2"));
  EXPECT_EQ(point.depth, 2);
  EXPECT_EQ(point.units, 16);
  EXPECT_NEAR(point.log2_z, -1, 1e-12);
  EXPECT_NEAR(point.log2_a, -1, 1e-12);
  EXPECT_NEAR(point.log2_grad_z, -2, 1e-12);
  EXPECT_NEAR(point.log2_weight, -3, 1e-12);
  EXPECT_NEAR(point.log2_grad_weight, -4, 1e-12);
  EXPECT_NEAR(point.log2_update, -8, 1e-12);
  EXPECT_NEAR(point.log2_update_ratio, -5, 1e-12);
}

TEST(FlowProfileTest, WhatLacksIsNan) {
  auto run = test::flat_run(2, 16, "relu", 1);
  StepRecord& step = run.steps[0];
  std::erase_if(step.sketches, [](const SketchRecord& r) { return r.site.role == Role::update; });
  test::put(run.info, step, "2", Role::grad_z, test::with_nonfinite(test::sketch_with_rms(0), 1));
  test::put_rms(run.info, step, "0", Role::grad_z, -std::numeric_limits<double>::infinity());
  const auto profile = flow_profile(run.info, step);
  EXPECT_TRUE(std::isnan(profile[0].log2_update_ratio));
  EXPECT_TRUE(std::isnan(profile[1].log2_grad_z));
  EXPECT_EQ(profile[0].log2_grad_z, -std::numeric_limits<double>::infinity());
}

TEST(FlowProfileTest, LayersInsideBlocksAreThereInForwardOrder) {
  test::MiniSpec spec;
  spec.residual = true;
  spec.depth = 3;
  spec.steps = 1;
  const auto run = test::run_mini_net(spec);
  EXPECT_EQ(paths_of(run.info, flow_profile(run.info, run.steps[0])),
            (std::vector<std::string>{"0", "2.0", "2.2", "3.0", "3.2", "4"}));
}

// A gate has the depth of the layer beside it and a gradient of another size: no link of the chain.
TEST(FlowProfileTest, GatesAndShortcutsAreBesideTheChain) {
  plumb::Run run;
  run.info.layers = {test::dense_info("0", 1, 16, 16),      test::residual_info("2", 2, 16),
                     test::dense_info("2.0", 2, 16, 16),    test::dense_info("2.gate", 2, 16, 16),
                     test::residual_info("4", 3, 16),       test::dense_info("4.0", 3, 16, 16),
                     test::dense_info("4.proj", 3, 16, 16), test::dense_info("6", 4, 16, 16)};
  test::wire(run.info);
  StepRecord step;
  for (const LayerInfo& layer : run.info.layers) {
    const bool beside = layer.path == "2.gate" || layer.path == "4.proj";
    test::put_rms(run.info, step, layer.path, grad_role(layer), beside ? -30 : 0);
  }
  const auto profile = flow_profile(run.info, step);
  ASSERT_EQ(profile.size(), 6u);
  for (const FlowPoint& point : profile) {
    const std::string& path = run.info.layer(point.layer).path;
    EXPECT_EQ(point.beside, path == "2.gate" ? "gate" : path == "4.proj" ? "shortcut" : "") << path;
  }
  EXPECT_EQ(paths_of(run.info, on_the_chain(profile)),
            (std::vector<std::string>{"0", "2.0", "4.0", "6"}));
  EXPECT_EQ(fit_depth_scale(profile).layers_per_efold, std::numeric_limits<double>::infinity());
}

// Glorot and Bengio 2010, eq. 14: with a wrong gain the gradient of the weights stays flat over
// depth while the flow gradient does not. He-initialised relu at 0.6 of its gain, 16 layers: 0.6^15
// = 4.7e-4.
TEST(FlowProfileTest, TellsFlowFromParameterGradient) {
  test::MiniSpec spec;
  spec.gain = 0.6 * std::sqrt(2.0);
  spec.depth = 16;
  spec.width = 100;
  spec.inputs = 100;
  spec.steps = 1;
  const auto run = test::run_mini_net(spec);
  const auto profile = flow_profile(run.info, run.steps[0]);
  const FlowPoint& first = profile[0];
  const FlowPoint& last = profile[profile.size() - 2];
  EXPECT_NEAR(first.log2_grad_z - last.log2_grad_z, 15 * std::log2(0.6), 1.5);
  EXPECT_NEAR(first.log2_grad_weight - last.log2_grad_weight, 0, 2.0);
}

}  // namespace
}  // namespace plumb
