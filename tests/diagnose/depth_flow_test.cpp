// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/depth_flow.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/diagnose/rule_test.h"
#include "tests/support/mini_net.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

DepthFlow first_flow(const plumb::Run& run) {
  return depth_flow(LayerGraph(run.info), make_ledger(run.info, run.steps.at(0)));
}

double parts_of(const DepthFlow& flow) {
  return flow.weight + flow.derivative + flow.together + flow.alignment + flow.residual +
         flow.normalisation + flow.recurrence + flow.other;
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
    EXPECT_NEAR(parts_of(flow), flow.log2_total, 1e-9);
  }
}

/// dense > act, `depth` times, where the layers in `unsplit` take 2^-loss of the gradient each and
/// are not taken apart.
plumb::Run run_with_unsplit(const std::vector<std::string>& unsplit, double loss,
                            const std::string& function) {
  plumb::Run run = test::flat_run(6, 16, "tanh", 1);
  StepRecord& step = run.steps[0];
  double grad = 0;
  for (std::size_t i = run.info.layers.size(); i-- > 1;) {
    LayerInfo& layer = run.info.layers[i];
    test::put_rms(run.info, step, layer.path, grad_role(layer), grad);
    if (std::find(unsplit.begin(), unsplit.end(), layer.path) == unsplit.end()) continue;
    layer.family = LayerFamily::other;
    layer.kind = function.empty() ? "mystery" : function;
    layer.function = function;
    layer.traits.reset();
    test::put_rms(run.info, step, layer.path, Role::grad_a, grad);
    grad -= loss;
  }
  std::erase_if(step.activations, [&](const ActivationRecord& record) {
    return run.info.layer(record.layer).family == LayerFamily::other;
  });
  return run;
}

TEST(DepthFlowTest, TheLayerThatIsNotTakenApartIsNamed) {
  const plumb::Run run = run_with_unsplit({"5"}, 12, "");
  const DepthFlow flow = first_flow(run);
  EXPECT_NEAR(flow.single_log2, -12, 1e-9);
  const FindingCause cause = flow_cause(run.info, flow);
  EXPECT_EQ(cause.kind, CauseKind::single_layer);
  EXPECT_EQ(test::path_at(run.info, cause.place), "5");
  EXPECT_NEAR(cause.share, 1, 0.2);
  const std::vector<Remedy> remedies = flow_remedies(run.info, flow);
  EXPECT_EQ(remedies[0].kind, RemedyKind::remove_layer);
  EXPECT_EQ(remedies[0].target, cause.place);
}

TEST(DepthFlowTest, LayersOfSoftmaxAreOneCauseWithItsOwnRemedy) {
  for (const std::vector<std::string>& places :
       {std::vector<std::string>{"5"}, std::vector<std::string>{"3", "5", "7", "9"}}) {
    const plumb::Run run = run_with_unsplit(places, 12, "softmax");
    const DepthFlow flow = first_flow(run);
    EXPECT_EQ(flow.single_layers, static_cast<int>(places.size()));
    EXPECT_EQ(main_cause(flow), CauseKind::row_normalisation);
    EXPECT_EQ(*flow_remedies(run.info, flow)[0].text("because"), "it_normalises_rows");
  }
  // Different layers of which none did most are what they were.
  const plumb::Run many = run_with_unsplit({"1", "3", "5", "7", "9"}, 3, "");
  EXPECT_EQ(main_cause(first_flow(many)), CauseKind::other_layers);
}

/// dense > tanh, six times, in whose place a layer of `family` takes 2^-loss of the gradient once.
plumb::Run run_with_family(LayerFamily family, double loss) {
  plumb::Run run = run_with_unsplit({"5"}, loss, "");
  run.info.layers[static_cast<std::size_t>(test::id_of(run.info, "5"))].family = family;
  return run;
}

// Every family has its place in the books, and what it takes is found there whole. Pooling is left
// out on purpose: what averaging takes is no sickness.
TEST(DepthFlowTest, WhatAFamilyTakesIsBookedInItsPlaceAlone) {
  constexpr double kLoss = 7;
  struct Row {
    LayerFamily family;
    double DepthFlow::*place;  ///< null: in none
  };
  constexpr Row kRows[] = {{LayerFamily::normalisation, &DepthFlow::normalisation},
                           {LayerFamily::recurrent, &DepthFlow::recurrence},
                           {LayerFamily::dropout, &DepthFlow::other},
                           {LayerFamily::shape, &DepthFlow::other},
                           {LayerFamily::attention, &DepthFlow::other},
                           {LayerFamily::embedding, &DepthFlow::other},
                           {LayerFamily::other, &DepthFlow::other},
                           {LayerFamily::pooling, nullptr}};
  constexpr double DepthFlow::*kPlaces[] = {&DepthFlow::weight,     &DepthFlow::derivative,
                                            &DepthFlow::together,   &DepthFlow::alignment,
                                            &DepthFlow::residual,   &DepthFlow::normalisation,
                                            &DepthFlow::recurrence, &DepthFlow::other};
  for (const Row& row : kRows) {
    SCOPED_TRACE(static_cast<int>(row.family));
    const DepthFlow before = first_flow(run_with_family(row.family, 0));
    const DepthFlow after = first_flow(run_with_family(row.family, kLoss));
    ASSERT_TRUE(before.known && after.known);
    for (const auto place : kPlaces) {
      EXPECT_NEAR(after.*place - before.*place, place == row.place ? -kLoss : 0, 1e-9);
    }
    EXPECT_NEAR(after.log2_total - before.log2_total, row.place == nullptr ? 0 : -kLoss, 1e-9);
    EXPECT_NEAR(parts_of(after), after.log2_total, 1e-9);
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
    for (int layer = 1; layer <= 29; ++layer) {
      const int base = 3 * (layer - 1);
      LayerInfo norm = test::activation_info(std::to_string(base + 1), "bn", layer, 64);
      norm.family = LayerFamily::normalisation;
      run.info.layers.push_back(test::dense_info(std::to_string(base), layer, 64, 64));
      run.info.layers.push_back(norm);
      run.info.layers.push_back(test::activation_info(std::to_string(base + 2), "relu", layer, 64));
    }
    test::wire(run.info);
    double grad = 0;
    for (int layer = 29; layer >= 1; --layer) {
      const int base = 3 * (layer - 1);
      const std::string dense = std::to_string(base), norm = std::to_string(base + 1),
                        act = std::to_string(base + 2);
      test::put_rms(run.info, step, act, Role::grad_a, grad);
      grad += normal;
      test::put_rms(run.info, step, norm, Role::grad_a, grad);
      grad += growth - normal - (weight_log2 + 3);
      test::put_rms(run.info, step, dense, Role::grad_z, grad);
      test::put_rms(run.info, step, dense, Role::weight, weight_log2);
      grad += weight_log2 + 3;
      step.activations.push_back({test::id_of(run.info, act), normal, 0.5, 0.5, 64, 0, 1000});
    }
    run.steps.push_back(step);
    const DepthFlow flow = first_flow(run);
    ASSERT_TRUE(flow.known);
    EXPECT_EQ(main_cause(flow), CauseKind::normalisation);
    EXPECT_NEAR(flow.log2_total, flow.normalisation, 1e-9);
    EXPECT_EQ(flow.weight, 0);
    EXPECT_NEAR(flow_cause(run.info, flow).share, 1, 1e-9);
    EXPECT_EQ(flow_remedies(run.info, flow).front().kind, RemedyKind::add_residual);
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
  test::wire(run.info);
  StepRecord step;
  step.measured = true;
  test::put_rms(run.info, step, "2", Role::grad_z, 0);
  test::put_rms(run.info, step, "2", Role::weight, 0.5 * std::log2(2.0 / 512));
  test::put_rms(run.info, step, "1", Role::grad_a, 0.5 * std::log2(16 * 2.0 / 512));
  test::put_rms(run.info, step, "0", Role::grad_z, 0.5 * std::log2(16 * 1.0 / 512));
  step.activations.push_back({test::id_of(run.info, "1"), -0.5, 0.5, 0.5, 512, 0, 1000});
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
  run.info.layers.back().inputs = {{test::id_of(run.info, "4")}};
  test::put_rms(run.info, run.steps[0], "5", Role::grad_a, 9);
  run.steps[0].activations.push_back({test::id_of(run.info, "5"), -9, 0.99, 1, 32, 0, 1000});
  const DepthFlow flow = first_flow(run);
  EXPECT_EQ(flow.top, test::id_of(run.info, "4"));
  EXPECT_NEAR(flow.log2_total, 0, 1e-9);
  EXPECT_NEAR(flow.derivative, 0, 1e-9);
  // An output that is flat everywhere leaves nothing to say about depth.
  test::put_rms(run.info, run.steps[0], "4", Role::grad_z,
                -std::numeric_limits<double>::infinity());
  EXPECT_FALSE(first_flow(run).known);
}

TEST(DepthFlowTest, TheHalfThatAReluTakesIsNormalAndTheGainIsBlamed) {
  test::MiniSpec spec;
  spec.gain = 0.6 * std::sqrt(2.0);
  spec.depth = 16;
  spec.steps = 1;
  const auto run = test::run_mini_net(spec);
  const DepthFlow flow = first_flow(run);
  EXPECT_EQ(main_cause(flow), CauseKind::weight_scale);
  EXPECT_NEAR(flow.weight / 16, std::log2(0.6), 0.1);
  EXPECT_EQ(run.info.layer(flow.activation).kind, "relu");
  const Remedy remedy = flow_remedies(run.info, flow).front();
  EXPECT_EQ(remedy.kind, RemedyKind::initialise);
  EXPECT_NEAR(*remedy.number("gain"), std::sqrt(2.0), 1e-12);
  EXPECT_EQ(*remedy.text("scheme"), "he_normal");
}

TEST(DepthFlowTest, SigmoidIsBlamedForItsDerivative) {
  test::MiniSpec spec;
  spec.activation = "sigmoid";
  spec.gain = 1;
  spec.depth = 20;
  spec.steps = 1;
  const auto run = test::run_mini_net(spec);
  const DepthFlow flow = first_flow(run);
  EXPECT_EQ(main_cause(flow), CauseKind::activation_derivative);
  EXPECT_NEAR(std::exp2(flow.mean_log2_derivative), 0.24, 0.005);
  const Remedy remedy = flow_remedies(run.info, flow).front();
  EXPECT_EQ(remedy.kind, RemedyKind::replace_activation);
  EXPECT_EQ(remedy.target, Place::layer(flow.activation));
  EXPECT_EQ(*remedy.text("activation"), "tanh");
}

// What is usual for the activation is not known: the total is measured all the same, and neither
// the weights nor the derivatives are blamed by themselves.
TEST(DepthFlowTest, AnActivationOfUnknownTraitsIsBookedWithTheWeightAboveIt) {
  for (const char* activation : {"sigmoid", "relu"}) {
    test::MiniSpec spec;
    spec.activation = activation;
    spec.gain = 0.7;
    spec.depth = 20;
    spec.steps = 1;
    auto run = test::run_mini_net(spec);
    const DepthFlow known = first_flow(run);
    for (LayerInfo& layer : run.info.layers) {
      if (layer.traits) layer.traits->usual_log2_derivative.reset();
    }
    const DepthFlow flow = first_flow(run);
    EXPECT_EQ(flow.log2_total, known.log2_total);
    EXPECT_NEAR(parts_of(flow), flow.log2_total, 1e-9);
    EXPECT_NEAR(flow.together, known.weight + known.derivative, 1e-9);
    EXPECT_EQ(flow.weight, 0);
    EXPECT_EQ(flow.derivative, 0);
    EXPECT_EQ(flow.activation, kNoLayer);
    EXPECT_EQ(main_cause(flow), CauseKind::weights_and_derivatives);
    const FindingCause cause = flow_cause(run.info, flow);
    EXPECT_EQ(run.info.layer(cause.place.id).kind, activation);
    for (const Remedy& remedy : flow_remedies(run.info, flow)) {
      EXPECT_NE(remedy.kind, RemedyKind::initialise);
      EXPECT_NE(remedy.kind, RemedyKind::replace_activation);
    }
  }
}

// One activation among many that nothing is known of spoils the judgement of its own pair alone.
TEST(DepthFlowTest, TheOthersAreJudgedAsBefore) {
  test::MiniSpec spec;
  spec.gain = 0.6 * std::sqrt(2.0);
  spec.depth = 16;
  spec.steps = 1;
  auto run = test::run_mini_net(spec);
  const DepthFlow known = first_flow(run);
  run.info.layers[static_cast<std::size_t>(test::id_of(run.info, "7"))].traits.reset();
  const DepthFlow flow = first_flow(run);
  EXPECT_NEAR(parts_of(flow), flow.log2_total, 1e-9);
  EXPECT_EQ(flow.linear_together, 1);
  EXPECT_NEAR(flow.weight, known.weight * 15 / 16, 0.15);
  EXPECT_EQ(main_cause(flow), CauseKind::weight_scale);
}

// Activations are told apart by what is known of them, never by their names.
TEST(DepthFlowTest, AKindIsOnlyAName) {
  test::MiniSpec spec;
  spec.activation = "sigmoid";
  spec.gain = 1;
  spec.steps = 1;
  auto run = test::run_mini_net(spec);
  const FindingCause cause = flow_cause(run.info, first_flow(run));
  for (LayerInfo& layer : run.info.layers) layer.kind = "Act" + layer.path;
  EXPECT_EQ(flow_cause(run.info, first_flow(run)), cause);
}

}  // namespace
}  // namespace plumb
