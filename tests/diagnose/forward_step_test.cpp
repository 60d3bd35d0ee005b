// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/forward_step.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/run_builder.h"

namespace plumb {
namespace {

// 3 and 5 times 2^10: mean 4, deviation 1, rms sqrt(17), all of them times 1024.
TEST(ForwardStepTest, TensorsAreTrueNumbersWhateverTheirScale) {
  plumb::Run run = test::flat_run(2, 4, "relu", 1);
  const double values[] = {3, 5};
  test::put(run.info, run.steps[0], "2", Role::z, test::sketch_of(values, 10));
  const ForwardStep step = forward_step(run.info, run.steps[0]);
  const TensorFacts& z = step.output(test::id_of(run.info, "2"));
  EXPECT_TRUE(z.known());
  EXPECT_EQ(z.count, 2);
  EXPECT_DOUBLE_EQ(z.mean, 4096);
  EXPECT_DOUBLE_EQ(z.deviation, 1024);
  EXPECT_DOUBLE_EQ(z.rms, 1024 * std::sqrt(17.0));
  EXPECT_DOUBLE_EQ(z.abs_max, 5120);
  EXPECT_EQ(z.zero_fraction, 0);
}

TEST(ForwardStepTest, KeepsWhatTheForwardPassMade) {
  plumb::Run run = test::flat_run(2, 4, "relu", 2);
  test::put_rms(run.info, run.steps[1], "2", Role::grad_z, 20);
  test::put_rms(run.info, run.steps[1], "2", Role::update, 20);
  test::put_rms(run.info, run.steps[1], "2", Role::weight, 3);
  run.steps[1].loss = 0.25;
  run.steps[1].activations[0].log2_rms_derivative = -7;
  const ForwardStep step = forward_step(run.info, run.steps[1]);
  EXPECT_EQ(step.step, 1);
  EXPECT_EQ(step.loss, 0.25);
  EXPECT_DOUBLE_EQ(step.output(test::id_of(run.info, "2")).rms, 1);
  const ParamId weight = run.info.find_param(test::id_of(run.info, "2"), ParamUse::weight);
  EXPECT_DOUBLE_EQ(step.param(weight).rms, 8);
  EXPECT_EQ(step.derivative(test::id_of(run.info, "1")), -7);
  EXPECT_TRUE(std::isnan(step.derivative(test::id_of(run.info, "2")))) << "no activation";
}

// The first id that is not there, and ids far from it; also of another output than the first.
TEST(ForwardStepTest, RecordsOfWhatTheRunLacksAreLeftOut) {
  plumb::Run run = test::flat_run(2, 4, "relu", 1);
  StepRecord& record = run.steps[0];
  const auto layers = static_cast<LayerId>(run.info.layers.size());
  const auto params = static_cast<ParamId>(run.info.params.size());
  for (const std::int32_t beyond : {0, 1, 1000}) {
    record.sketches.push_back({Site::layer(layers + beyond, Role::z), test::sketch_with_rms(9)});
    record.sketches.push_back(
        {Site::param(params + beyond, Role::weight), test::sketch_with_rms(9)});
    record.activations.push_back({.layer = layers + beyond, .log2_rms_derivative = 9});
  }
  record.sketches.push_back({Site::layer(-1, Role::a), test::sketch_with_rms(9)});
  record.sketches.push_back({Site::param(-1, Role::weight), test::sketch_with_rms(9)});
  record.sketches.push_back({Site::layer(1, Role::z, 1), test::sketch_with_rms(9)});
  record.activations.push_back({.layer = -1, .log2_rms_derivative = 9});
  const ForwardStep step = forward_step(run.info, record);
  EXPECT_EQ(step.outputs.size(), run.info.layers.size());
  EXPECT_EQ(step.params.size(), run.info.params.size());
  for (const TensorFacts& one : step.outputs) EXPECT_DOUBLE_EQ(one.rms, 1);
  for (const TensorFacts& one : step.params) EXPECT_DOUBLE_EQ(one.rms, 0.5);
  EXPECT_FALSE(step.output(layers).known());
  EXPECT_FALSE(step.param(params).known());
  EXPECT_TRUE(std::isnan(step.derivative(layers)));
}

TEST(ForwardStepTest, ATensorThatHoldsANaNIsNotKnown) {
  plumb::Run run = test::flat_run(2, 4, "relu", 1);
  test::put(run.info, run.steps[0], "0", Role::z,
            test::with_nonfinite(test::sketch_with_rms(0), 1));
  test::put(run.info, run.steps[0], "2", Role::z, {});
  const ForwardStep step = forward_step(run.info, run.steps[0]);
  EXPECT_FALSE(step.output(test::id_of(run.info, "0")).known());
  EXPECT_FALSE(step.output(test::id_of(run.info, "2")).known());
}

TEST(OutputLayerTest, IsTheLastThatIsNamedOrElseTheLastThatNobodyReads) {
  plumb::Run run = test::flat_run(3, 4, "relu", 1);
  EXPECT_EQ(output_layer(run.info), test::id_of(run.info, "4"));
  std::swap(run.info.layers.front(), run.info.layers.back());  // the order of the list is no matter
  for (LayerInfo& layer : run.info.layers) {
    const auto last = static_cast<LayerId>(run.info.layers.size()) - 1;
    for (Edge& edge : layer.inputs) edge.from = edge.from == 0 ? last : edge.from;
  }
  EXPECT_EQ(output_layer(run.info), test::id_of(run.info, "4"));
  run.info.outputs = {2, 1};
  EXPECT_EQ(output_layer(run.info), 1);
  EXPECT_EQ(output_layer(RunInfo{}), kNoLayer);
}

TEST(BaselineLossTest, IsTheEntropyOfTheClassesOrHalfTheVarianceOfTheTargets) {
  RunInfo info;
  EXPECT_TRUE(std::isnan(baseline_loss(info)));
  info.data_info.emplace();
  info.loss = "cross_entropy";
  EXPECT_TRUE(std::isnan(baseline_loss(info)));
  info.data_info->class_sizes = {30, 30, 30, 30};
  EXPECT_NEAR(baseline_loss(info), std::log(4.0), 1e-12);
  info.data_info->class_sizes = {90, 0, 30};  // -(3/4 ln 3/4 + 1/4 ln 1/4)
  EXPECT_NEAR(baseline_loss(info), 0.5623351446188083, 1e-12);
  info.loss = "mse";
  EXPECT_TRUE(std::isnan(baseline_loss(info)));
  info.data_info->targets = {{"", 7, 3, 0, 9}, {"", 0, 4, 0, 9}};
  EXPECT_NEAR(baseline_loss(info), 12.5, 1e-12);
  info.baseline = Baseline{.loss = 2};  // what was computed is taken first
  EXPECT_EQ(baseline_loss(info), 2);
}

}  // namespace
}  // namespace plumb
