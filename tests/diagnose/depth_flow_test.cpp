// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/depth_flow.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "plumb/diagnose/activation_facts.h"
#include "tests/diagnose/rule_test.h"
#include "tests/support/mini_net.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

DepthFlow first_flow(const plumb::Run& run) {
  return depth_flow(run.info, make_ledger(run.info, run.steps.at(0)));
}

TEST(DepthFlowTest, PartsAddUpToTheTotal) {
  for (const bool residual : {false, true}) {
    test::MiniSpec spec;
    spec.depth = 9;
    spec.steps = 1;
    spec.residual = residual;
    spec.branch_scale = 0.3;
    const DepthFlow flow = first_flow(test::run_mini_net(spec));
    ASSERT_TRUE(flow.known);
    EXPECT_NEAR(flow.weight + flow.derivative + flow.alignment + flow.residual +
                    flow.normalisation + flow.other,
                flow.log2_total, 1e-9);
  }
}

// Weights of any size behind which batch normalisation stands: their size is undone, so the books
// hold both as one and no initialisation is advised.
TEST(DepthFlowTest, NormalisationAndTheWeightsThatItUndoesAreOneCause) {
  for (const double weight_log2 : {-9.0, -3.5, 4.0}) {
    plumb::Run run;
    StepRecord step;
    step.measured = true;
    const double growth = 0.28, normal = -0.5;  // relu behind it
    double grad = 0;
    for (int layer = 29; layer >= 1; --layer) {
      const int base = 3 * (layer - 1);
      const std::string dense = std::to_string(base), norm = std::to_string(base + 1),
                        act = std::to_string(base + 2);
      LayerInfo info = test::activation_info(norm, "bn", layer, 64);
      info.family = LayerFamily::normalisation;
      run.info.layers.insert(run.info.layers.begin(),
                             {test::dense_info(dense, layer, 64, 64), info,
                              test::activation_info(act, "relu", layer, 64)});
      test::put_rms(step, act, Role::grad_a, grad);
      grad += normal;
      test::put_rms(step, norm, Role::grad_a, grad);
      grad += growth - normal - (weight_log2 + 3);
      test::put_rms(step, dense, Role::grad_z, grad);
      test::put_rms(step, dense, Role::weight, weight_log2);
      grad += weight_log2 + 3;
      step.activations.push_back({act, normal, 0.5, 0.5, 64, 0, 1000});
    }
    run.steps.push_back(step);
    const DepthFlow flow = first_flow(run);
    ASSERT_TRUE(flow.known);
    EXPECT_EQ(main_cause(flow), FlowCause::normalisation);
    EXPECT_NEAR(flow.log2_total, flow.normalisation, 1e-9);
    EXPECT_EQ(flow.weight, 0);
    EXPECT_NE(cause_text(run.info, flow).find("normalisation"), std::string::npos);
    EXPECT_EQ(remedies_for(run.info, flow).front().find("put a residual shortcut"), 0u);
  }
}

TEST(DepthFlowTest, TotalIsTheRatioOfNormsOfOneSample) {
  test::MiniSpec spec;
  spec.steps = 1;
  const auto run = test::run_mini_net(spec);
  const auto profile = flow_profile(run.info, run.steps[0]);
  const double norm_first = profile.front().log2_grad_z + 0.5 * std::log2(spec.width);
  const double norm_last = profile.back().log2_grad_z + 0.5 * std::log2(spec.classes);
  EXPECT_NEAR(first_flow(run).log2_total, norm_first - norm_last, 1e-9);
}

// A network of widths 512 > 16 with He variance keeps the norm; its rms changes by sqrt(32).
TEST(DepthFlowTest, AChangeOfWidthIsNoLoss) {
  plumb::Run run;
  run.info.layers = {test::dense_info("0", 1, 16, 512), test::activation_info("1", "relu", 1, 512),
                     test::dense_info("2", 2, 512, 16)};
  StepRecord step;
  step.measured = true;
  test::put_rms(step, "2", Role::grad_z, 0);
  test::put_rms(step, "2", Role::weight, 0.5 * std::log2(2.0 / 512));
  test::put_rms(step, "1", Role::grad_a, 0.5 * std::log2(16 * 2.0 / 512));
  test::put_rms(step, "0", Role::grad_z, 0.5 * std::log2(16 * 1.0 / 512));
  step.activations.push_back({"1", -0.5, 0.5, 0.5, 512, 0, 1000});
  run.steps.push_back(step);
  const DepthFlow flow = first_flow(run);
  EXPECT_NEAR(flow.log2_total, 0, 1e-9);
  EXPECT_NEAR(flow.mean_log2_gain, 0.5, 1e-9);
  EXPECT_NEAR(flow.weight, 0, 1e-9);
  EXPECT_NEAR(flow.derivative, 0, 1e-9);
}

TEST(DepthFlowTest, AnOutputActivationIsNotDepth) {
  auto run = test::flat_run(3, 32, "tanh", 1);
  run.info.layers.push_back(test::activation_info("5", "sigmoid", 3, 32));
  test::put_rms(run.steps[0], "5", Role::grad_a, 9);
  run.steps[0].activations.push_back({"5", -9, 0.99, 1, 32, 0, 1000});
  const DepthFlow flow = first_flow(run);
  EXPECT_EQ(flow.top, "4");
  EXPECT_NEAR(flow.log2_total, 0, 1e-9);
  EXPECT_NEAR(flow.derivative, 0, 1e-9);
  // An output that is flat everywhere leaves nothing to say about depth.
  test::put_rms(run.steps[0], "4", Role::grad_z, -std::numeric_limits<double>::infinity());
  EXPECT_FALSE(first_flow(run).known);
}

TEST(DepthFlowTest, TheHalfThatAReluTakesIsNormalAndTheGainIsBlamed) {
  test::MiniSpec spec;
  spec.gain = 0.6 * std::sqrt(2.0);
  spec.depth = 16;
  spec.steps = 1;
  const auto run = test::run_mini_net(spec);
  const DepthFlow flow = first_flow(run);
  EXPECT_EQ(main_cause(flow), FlowCause::weight);
  EXPECT_NEAR(flow.weight / 16, std::log2(0.6), 0.1);
  EXPECT_TRUE(test::contains(cause_text(run.info, flow), "relu needs 1.4"));
  EXPECT_TRUE(test::contains(remedies_for(run.info, flow).front(), "he_normal"));
}

TEST(DepthFlowTest, SigmoidIsBlamedForItsDerivative) {
  test::MiniSpec spec;
  spec.activation = "sigmoid";
  spec.gain = 1;
  spec.depth = 20;
  spec.steps = 1;
  const auto run = test::run_mini_net(spec);
  const DepthFlow flow = first_flow(run);
  EXPECT_EQ(main_cause(flow), FlowCause::derivative);
  EXPECT_TRUE(test::contains(cause_text(run.info, flow), "f' of sigmoid averages 0.24"));
  EXPECT_TRUE(test::contains(remedies_for(run.info, flow).front(), "replace sigmoid"));
}

// The critical gains are those at which chi_1 = sw^2 E f'^2 = 1: He et al. 2015 for the relu
// family; the mean-field quadratures of Schoenholz et al. 2017 for sigmoid.
TEST(ActivationFactsTest, CriticalGains) {
  const auto facts = [](const std::string& kind, const std::string& text) {
    LayerInfo layer = test::activation_info("1", kind, 1, 8);
    layer.text = text;
    return activation_facts(layer);
  };
  EXPECT_NEAR(facts("relu", "relu").critical_gain, std::sqrt(2.0), 1e-12);
  EXPECT_NEAR(facts("leaky_relu", "leaky_relu 0.2").critical_gain, 1.3867504905630728, 1e-12);
  EXPECT_NEAR(facts("leaky_relu", "leaky_relu").critical_gain, 1.4141428569978354, 1e-12);
  EXPECT_NEAR(facts("sigmoid", "sigmoid").critical_gain, 10.1492637100, 1e-3);
  EXPECT_EQ(facts("tanh", "tanh").critical_gain, 1);
  EXPECT_TRUE(facts("tanh", "tanh").saturates);
  EXPECT_FALSE(facts("relu", "relu").saturates);
  EXPECT_FALSE(facts("leaky_relu", "leaky_relu").can_die);
}

}  // namespace
}  // namespace plumb
