// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/vanishing_gradient.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/diagnose/rule_test.h"
#include "tests/support/mini_net.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

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
  test::MiniSpec spec;
  spec.activation = "sigmoid";
  spec.gain = 1;
  spec.depth = 30;
  const auto run = test::run_mini_net(spec);
  const auto findings = test::findings_of(check_vanishing_gradient, run);
  ASSERT_EQ(findings.size(), 1u);
  const Finding& finding = findings[0];
  EXPECT_TRUE(test::is_complete(run.info, finding));
  EXPECT_EQ(finding.severity, Severity::critical);
  EXPECT_EQ(test::path_at(run.info, finding.place), "0");
  EXPECT_EQ(finding.first_step, 0);
  EXPECT_EQ(finding.last_step, 5);
  EXPECT_NEAR(finding.evidence[0].fact.value, -2.083 * 30, 3);
  EXPECT_EQ(finding.cause.kind, CauseKind::activation_derivative);
  EXPECT_NEAR(finding.cause.share, 1, 0.2);
  EXPECT_LT(test::value_of(finding, Quantity::learning_log2), -20);
}

// Parameter gradients are flat here (first to last 2^-4 and less); only the flow shows it.
// A sigmoid made of straight lines is flat for good on both sides and never steeper than 1/6: its
// units are not dead, and a lower rate does not make it steeper.
TEST(VanishingGradientTest, AnActivationThatIsNeverSteepIsReplacedWhateverElseItDoes) {
  test::MiniSpec spec;
  spec.activation = "sigmoid";
  spec.gain = 1;
  spec.depth = 30;
  plumb::Run run = test::run_mini_net(spec);
  for (LayerInfo& layer : run.info.layers) {
    if (layer.traits) layer.traits->can_die = true;
  }
  const auto findings = test::findings_of(check_vanishing_gradient, run);
  ASSERT_EQ(findings.size(), 1u);
  const Remedy& first = findings[0].remedies.at(0);
  EXPECT_EQ(first.kind, RemedyKind::replace_activation);
  ASSERT_NE(first.text("activation"), nullptr);
  EXPECT_EQ(*first.text("activation"), "tanh");
}

TEST(VanishingGradientTest, FindsAUniformlyWrongGainByTheFlow) {
  test::MiniSpec spec;
  spec.gain = 0.6 * std::sqrt(2.0);
  spec.depth = 16;
  spec.width = 64;
  spec.inputs = 64;
  const auto run = test::run_mini_net(spec);
  const auto findings = test::findings_of(check_vanishing_gradient, run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_NEAR(findings[0].evidence[0].fact.value, 16 * std::log2(0.6), 1.0);
  EXPECT_GT(test::value_of(findings[0], Quantity::learning_log2), 0.5 * 16 * std::log2(0.6));
  EXPECT_TRUE(
      test::contains(words_of(run.info, findings, findings[0]).consequence, "show little of it"));
}

TEST(VanishingGradientTest, SilentJustBelowTheLimitAndFiresJustAbove) {
  for (const double per_layer : {-0.66, -0.67}) {  // ten steps down: -6.6 and -6.7
    auto run = test::flat_run(11, 32, "tanh", 3);
    for (StepRecord& step : run.steps) tilt(run.info, step, per_layer);
    EXPECT_EQ(test::findings_of(check_vanishing_gradient, run).size(),
              per_layer < -0.665 ? 1u : 0u);
  }
}

// 100 layers of tanh at its critical point lose 2^-7 of the norm by a power law: 0.07 a layer.
TEST(VanishingGradientTest, SilentOnASlowLossOverGreatDepth) {
  auto run = test::flat_run(101, 32, "tanh", 3);
  for (StepRecord& step : run.steps) tilt(run.info, step, -0.07);
  EXPECT_TRUE(test::findings_of(check_vanishing_gradient, run).empty());
}

// Near an optimum the gradient is small in all layers alike: 2^-40 everywhere is no loss over
// depth.
TEST(VanishingGradientTest, SilentOnAGradientThatIsSmallEverywhere) {
  auto run = test::flat_run(20, 32, "tanh", 3);
  for (StepRecord& step : run.steps) tilt(run.info, step, 0, -40);
  EXPECT_TRUE(test::findings_of(check_vanishing_gradient, run).empty());
}

TEST(VanishingGradientTest, RemembersAnInitialisationThatTrainingRepaired) {
  auto run = test::flat_run(20, 32, "tanh", 6);
  tilt(run.info, run.steps[0], -1);
  const auto findings = test::findings_of(check_vanishing_gradient, run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].first_step, 0);
  EXPECT_EQ(findings[0].last_step, 0);
  EXPECT_EQ(findings[0].severity, Severity::warning);
  EXPECT_TRUE(findings[0].over);
}

TEST(VanishingGradientTest, OneNoisyStepLaterIsNoFinding) {
  auto run = test::flat_run(20, 32, "tanh", 6);
  tilt(run.info, run.steps[3], -1);
  EXPECT_TRUE(test::findings_of(check_vanishing_gradient, run).empty());
}

TEST(VanishingGradientTest, AGradientThatEndsIsNamedWithTheLayerThatEndsIt) {
  constexpr double kZero = -std::numeric_limits<double>::infinity();
  auto run = test::flat_run(5, 32, "relu", 3);
  for (StepRecord& step : run.steps) {
    test::put_rms(run.info, step, "4", Role::grad_z, kZero);
    step.activations[2].log2_rms_derivative = kZero;
  }
  const auto findings = test::findings_of(check_vanishing_gradient, run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(test::path_at(run.info, findings[0].place), "5");
  EXPECT_EQ(findings[0].cause.kind, CauseKind::zero_derivative);
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
  const auto ended = test::findings_of(check_vanishing_gradient, zero);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].cause.kind, CauseKind::zero_derivative);
  EXPECT_TRUE(std::isinf(ended[0].evidence[0].fact.value));

  EXPECT_TRUE(test::findings_of(check_vanishing_gradient, missing).empty());
  const RunView view(missing);
  EXPECT_FALSE(view.measured().back().flow.stops());

  const auto small = test::findings_of(check_vanishing_gradient, tiny);
  ASSERT_EQ(small.size(), 1u);
  EXPECT_NE(small[0].cause.kind, CauseKind::zero_derivative);
  EXPECT_NEAR(small[0].evidence[0].fact.value, -200, 1);
}

TEST(VanishingGradientTest, SilentOnAnOutputLayerThatStartsAtZero) {
  constexpr double kZero = -std::numeric_limits<double>::infinity();
  auto run = test::flat_run(5, 32, "relu", 3);
  test::put_rms(run.info, run.steps[0], "7", Role::grad_a, kZero);
  test::put_rms(run.info, run.steps[0], "8", Role::weight, kZero);
  EXPECT_TRUE(test::findings_of(check_vanishing_gradient, run).empty());
}

// With weight decay the gradient as a whole does not vanish when that of the loss does (He et al.
// 2015, footnote 2).
TEST(VanishingGradientTest, WeightDecayDoesNotHideIt) {
  test::MiniSpec spec;
  spec.activation = "sigmoid";
  spec.gain = 1;
  spec.weight_decay = 0.1;
  EXPECT_EQ(test::findings_of(check_vanishing_gradient, test::run_mini_net(spec)).size(), 1u);
}

TEST(VanishingGradientTest, AccuracyDoesNotGateIt) {
  auto run = test::flat_run(20, 32, "tanh", 3);
  for (StepRecord& step : run.steps) {
    tilt(run.info, step, -1);
    step.accuracy = 1;
  }
  EXPECT_EQ(test::findings_of(check_vanishing_gradient, run).size(), 1u);
}

// What the size of the weights takes, the first steps of an optimiser that divides by the
// gradient's size may give back, as long as it sees a gradient.
TEST(VanishingGradientTest, SmallWeightsUnderAdamAreANoteAtFirst) {
  test::MiniSpec spec;
  spec.activation = "relu";
  spec.gain = 0.7;
  spec.depth = 12;
  plumb::Run run = test::run_mini_net(spec);
  ASSERT_EQ(test::findings_of(check_vanishing_gradient, run)[0].severity, Severity::critical);
  run.info.optimiser_info.emplace();
  run.info.optimiser_info->beta2 = 0.999;
  run.info.optimiser_info->eps = 1e-8;
  const auto findings = test::findings_of(check_vanishing_gradient, run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].cause.kind, CauseKind::weight_scale);
  EXPECT_EQ(findings[0].severity, Severity::note);
  run.info.optimiser_info->eps = 1;
  EXPECT_EQ(test::findings_of(check_vanishing_gradient, run)[0].severity, Severity::critical);
}

}  // namespace
}  // namespace plumb
