// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/vanishing_gradient.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/diagnose/rule_words.h"
#include "tests/support/mini_net.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

using test::on, test::relu, test::sigmoid;

/// Lets the flow gradient of one step fall by `per_layer` for each linear layer towards the input.
void tilt(const RunInfo& info, StepRecord& step, double per_layer, double offset = 0) {
  const int depth = info.layers.back().depth;
  for (const LayerInfo& layer : info.layers) {
    const double log2 = per_layer * (depth - layer.depth) + offset;
    const bool linear = layer.family == LayerFamily::linear;
    test::put_rms(info, step, layer.path, linear ? Role::grad_z : Role::grad_a, log2);
  }
}

TEST(VanishingGradientTest, FiresOnThirtySigmoidLayers) {
  on(sigmoid(30))
      .finds(check_vanishing_gradient)
      .is(Severity::critical)
      .at_layer("0")
      .in_steps(0, 5)
      .measures(-2.083 * 30, 3)
      .because(CauseKind::activation_derivative)
      .by_share(1, 0.2)
      .has_less_than(Quantity::learning_log2, -20);
}

// Parameter gradients are flat here (first to last 2^-4 and less); only the flow shows it.
// A sigmoid made of straight lines is flat for good on both sides and never steeper than 1/6: its
// units are not dead, and a lower rate does not make it steeper.
TEST(VanishingGradientTest, AnActivationThatIsNeverSteepIsReplacedWhateverElseItDoes) {
  plumb::Run run = test::run_mini_net(sigmoid(30));
  for (LayerInfo& layer : run.info.layers) {
    if (layer.traits) layer.traits->can_die = true;
  }
  on(run)
      .finds(check_vanishing_gradient)
      .advises(RemedyKind::replace_activation)
      .with("activation", "tanh");
}

TEST(VanishingGradientTest, FindsAUniformlyWrongGainByTheFlow) {
  test::MiniSpec spec = relu(16, 0.6);
  spec.width = 64;
  spec.inputs = 64;
  on(spec)
      .finds(check_vanishing_gradient)
      .measures(16 * std::log2(0.6), 1.0)
      .has_more_than(Quantity::learning_log2, 0.5 * 16 * std::log2(0.6))
      .says("show little of it");
}

TEST(VanishingGradientTest, SilentJustBelowTheLimitAndFiresJustAbove) {
  const auto falling = [](double per_layer) {  // ten steps down
    auto run = test::flat_run(11, 32, "tanh", 3);
    for (StepRecord& step : run.steps) tilt(run.info, step, per_layer);
    return run;
  };
  on(falling(-0.66)).is_silent(check_vanishing_gradient);
  on(falling(-0.67)).finds(check_vanishing_gradient).measures(-6.7, 1e-6);
}

// 100 layers of tanh at its critical point lose 2^-7 of the norm by a power law: 0.07 a layer.
TEST(VanishingGradientTest, SilentOnASlowLossOverGreatDepth) {
  auto run = test::flat_run(101, 32, "tanh", 3);
  for (StepRecord& step : run.steps) tilt(run.info, step, -0.07);
  on(run).is_silent(check_vanishing_gradient);
}

// Near an optimum the gradient is small in all layers alike: 2^-40 everywhere is no loss over
// depth.
TEST(VanishingGradientTest, SilentOnAGradientThatIsSmallEverywhere) {
  auto run = test::flat_run(20, 32, "tanh", 3);
  for (StepRecord& step : run.steps) tilt(run.info, step, 0, -40);
  on(run).is_silent(check_vanishing_gradient);
}

TEST(VanishingGradientTest, RemembersAnInitialisationThatTrainingRepaired) {
  auto run = test::flat_run(20, 32, "tanh", 6);
  tilt(run.info, run.steps[0], -1);
  on(run).finds(check_vanishing_gradient).in_steps(0, 0).is(Severity::warning).is_over();
}

TEST(VanishingGradientTest, OneNoisyStepLaterIsNoFinding) {
  auto run = test::flat_run(20, 32, "tanh", 6);
  tilt(run.info, run.steps[3], -1);
  on(run).is_silent(check_vanishing_gradient);
}

TEST(VanishingGradientTest, AGradientThatEndsIsNamedWithTheLayerThatEndsIt) {
  constexpr double kZero = -std::numeric_limits<double>::infinity();
  auto run = test::flat_run(5, 32, "relu", 3);
  for (StepRecord& step : run.steps) {
    test::put_rms(run.info, step, "4", Role::grad_z, kZero);
    step.activations[2].log2_rms_derivative = kZero;
  }
  on(run).finds(check_vanishing_gradient).at_layer("5").because(CauseKind::zero_derivative);
}

// An output layer that starts at zero lets no gradient through in step 0 and heals in step 1.
// One is sick for a reason, of one nobody knows, and one only has numbers that no float holds.
TEST(VanishingGradientTest, AZeroAMissingAndATinyGradientAreThreeThings) {
  plumb::Run zero = test::flat_run(5, 32, "relu", 3);
  plumb::Run missing = zero, tiny = zero;
  for (std::size_t s = 0; s < 3; ++s) {
    test::put_rms(zero.info, zero.steps[s], "4", Role::grad_z,
                  -std::numeric_limits<double>::infinity());
    zero.steps[s].activations[2].log2_rms_derivative = -std::numeric_limits<double>::infinity();
    std::erase_if(missing.steps[s].sketches, [&](const SketchRecord& record) {
      const bool is_gradient = record.site.role == Role::grad_z ||
                               record.site.role == Role::grad_a ||
                               record.site.role == Role::grad_weight;
      return is_gradient && record.site.id <= test::id_of(missing.info, "4");
    });
    tilt(tiny.info, tiny.steps[s], -50);
  }
  on(zero)
      .finds(check_vanishing_gradient)
      .because(CauseKind::zero_derivative)
      .measures(-std::numeric_limits<double>::infinity());

  on(missing).is_silent(check_vanishing_gradient);
  const RunView view(missing);
  EXPECT_FALSE(view.measured().back().flow.stops());

  on(tiny)
      .finds(check_vanishing_gradient)
      .not_because(CauseKind::zero_derivative)
      .measures(-200, 1);
}

TEST(VanishingGradientTest, SilentOnAnOutputLayerThatStartsAtZero) {
  constexpr double kZero = -std::numeric_limits<double>::infinity();
  auto run = test::flat_run(5, 32, "relu", 3);
  test::put_rms(run.info, run.steps[0], "7", Role::grad_a, kZero);
  test::put_rms(run.info, run.steps[0], "8", Role::weight, kZero);
  on(run).is_silent(check_vanishing_gradient);
}

// With weight decay the gradient as a whole does not vanish when that of the loss does (He et al.
// 2015, footnote 2).
TEST(VanishingGradientTest, WeightDecayDoesNotHideIt) {
  test::MiniSpec spec = sigmoid(10);
  spec.weight_decay = 0.1;
  on(spec).finds(check_vanishing_gradient);
}

TEST(VanishingGradientTest, AccuracyDoesNotGateIt) {
  auto run = test::flat_run(20, 32, "tanh", 3);
  for (StepRecord& step : run.steps) {
    tilt(run.info, step, -1);
    step.accuracy = 1;
  }
  on(run).finds(check_vanishing_gradient);
}

// What the size of the weights takes, the first steps of an optimiser that divides by the
// gradient's size may give back, as long as it sees a gradient.
TEST(VanishingGradientTest, SmallWeightsUnderAdamAreANoteAtFirst) {
  test::MiniSpec spec;
  spec.activation = "relu";
  spec.gain = 0.7;
  spec.depth = 12;
  plumb::Run run = test::run_mini_net(spec);
  on(run).finds(check_vanishing_gradient).is(Severity::critical);
  run.info.optimiser_info.emplace();
  run.info.optimiser_info->beta2 = 0.999;
  run.info.optimiser_info->eps = 1e-8;
  on(run).finds(check_vanishing_gradient).because(CauseKind::weight_scale).is(Severity::note);
  run.info.optimiser_info->eps = 1;
  on(run).finds(check_vanishing_gradient).is(Severity::critical);
}

}  // namespace
}  // namespace plumb
