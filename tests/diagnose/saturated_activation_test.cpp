// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/saturated_activation.h"

#include <gtest/gtest.h>

#include "plumb/diagnose/rules/dead_units.h"
#include "tests/diagnose/rule_test.h"
#include "tests/diagnose/sick_signals.h"
#include "tests/support/mini_net.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

TEST(SaturatedActivationTest, FiresOnTanhWithLargeWeightsAndBlamesThem) {
  test::MiniSpec spec;
  spec.activation = "tanh";
  spec.gain = 6;
  spec.depth = 5;
  const auto run = test::run_mini_net(spec);
  const auto findings = test::findings_of(check_saturated_activation, run);
  ASSERT_EQ(findings.size(), 1u);  // five layers, one finding
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_EQ(test::path_at(run.info, findings[0].place), "1");
  EXPECT_EQ(test::value_of(findings[0], Quantity::layers_affected), 5);
  EXPECT_EQ(findings[0].cause.kind, CauseKind::large_weight);
  EXPECT_NEAR(test::value_of(findings[0], Quantity::gain), 6, 0.5);
}

TEST(SaturatedActivationTest, BlamesInputsThatWereNotScaled) {
  test::MiniSpec spec;
  spec.activation = "tanh";
  spec.gain = 1;
  spec.depth = 3;
  spec.input_scale = 30;
  const auto findings = test::findings_of(check_saturated_activation, test::run_mini_net(spec));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].cause.kind, CauseKind::large_input);
  EXPECT_NEAR(test::value_of(findings[0], Quantity::x_rms), 30, 2);
}

TEST(SaturatedActivationTest, SilentOnTanhAtFiveThirds) {
  test::MiniSpec spec;
  spec.activation = "tanh";
  spec.gain = 5.0 / 3;
  EXPECT_TRUE(test::findings_of(check_saturated_activation, test::run_mini_net(spec)).empty());
}

// Half of the derivatives of a healthy relu are 0, and those of a bad one nearly all: still not
// saturation.
TEST(SaturatedActivationTest, NeverSpeaksOfUnboundedActivations) {
  auto run = test::flat_run(4, 32, "relu", 3);
  for (StepRecord& step : run.steps) {
    for (ActivationRecord& record : step.activations) record.saturated_fraction = 0.95;
  }
  EXPECT_TRUE(test::findings_of(check_saturated_activation, run).empty());
}

// Flat at both ends and half of a healthy layer at the lower one: which end it is, the outputs say.
TEST(SaturatedActivationTest, AClampedReluIsJudgedByItsUpperEnd) {
  for (const bool above : {true, false}) {
    auto run = test::flat_run(4, 32, "relu", 3);
    for (LayerInfo& layer : run.info.layers) {
      if (!layer.traits) continue;
      layer.traits->high_slope = 0;
      layer.traits->saturates.reset();
    }
    for (StepRecord& step : run.steps) {
      step.activations[1].saturated_fraction = 0.95;
      step.activations[1].dead_units = 31;
      step.activations[1].window_samples = 1000;
      Sketch out = test::sketch_with_rms(2.5, 1024);
      if (!above) out.zero_count = 950;
      test::put(run.info, step, "3", Role::a, out);
    }
    const auto saturated = test::findings_of(check_saturated_activation, run);
    const auto dead = test::findings_of(check_dead_units, run);
    EXPECT_EQ(saturated.size(), above ? 1u : 0u);
    EXPECT_EQ(dead.size(), above ? 0u : 1u);
    if (above && !saturated.empty()) {
      EXPECT_TRUE(test::is_complete(run.info, saturated[0]));
      EXPECT_EQ(test::path_at(run.info, saturated[0].place), "3");
    }
  }
}

TEST(SaturatedActivationTest, FiresAtHalfAndIsSilentJustBelow) {
  for (const double fraction : {0.49, 0.51}) {
    auto run = test::flat_run(4, 32, "sigmoid", 3);
    for (StepRecord& step : run.steps) step.activations[1].saturated_fraction = fraction;
    EXPECT_EQ(test::findings_of(check_saturated_activation, run).size(), fraction > 0.5 ? 1u : 0u);
  }
}

TEST(SaturatedActivationTest, SilentOnAnActivationOfUnknownTraits) {
  auto run = test::flat_run(4, 32, "sigmoid", 3);
  for (StepRecord& step : run.steps) step.activations[1].saturated_fraction = 0.9;
  for (LayerInfo& layer : run.info.layers) {
    if (layer.traits) layer.traits->saturates.reset();
  }
  EXPECT_TRUE(test::findings_of(check_saturated_activation, run).empty());
}

TEST(SaturatedActivationTest, AnOutputThatIsSureOfItselfIsNotSick) {
  auto run = test::flat_run(3, 32, "sigmoid", 3);
  run.info.layers.push_back(test::activation_info("5", "sigmoid", 3, 32));
  run.info.layers.back().inputs = {{test::id_of(run.info, "4")}};
  const LayerId last = test::id_of(run.info, "5");
  for (StepRecord& step : run.steps) step.activations.push_back({last, -4, 0.99, 1, 32, 0, 1000});
  EXPECT_TRUE(test::findings_of(check_saturated_activation, run).empty());
}

/// A tanh behind a normalisation with this scale and shift, in its flat ends.
plumb::Run run_behind(double scale, double shift) {
  plumb::Run run = test::flat_run(4, 16, "tanh", 3);
  test::make_family(run, "2", LayerFamily::normalisation);
  test::add_param(run, "2", ParamUse::scale, scale);
  test::add_param(run, "2", ParamUse::shift, shift);
  for (StepRecord& step : run.steps) step.activations[1].saturated_fraction = 0.95;
  return run;
}

TEST(SaturatedActivationTest, BehindANormalisationItsOwnScaleOrShiftIsToBlame) {
  for (const bool by_shift : {false, true}) {
    const plumb::Run run = by_shift ? run_behind(1, 8) : run_behind(50, 0.1);
    const auto findings = test::findings_of(check_saturated_activation, run);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_TRUE(test::is_complete(run.info, findings[0]));
    EXPECT_EQ(findings[0].cause.kind, by_shift ? CauseKind::norm_shift : CauseKind::norm_scale);
    EXPECT_EQ(test::first_remedy(findings[0]),
              by_shift ? RemedyKind::set_bias : RemedyKind::set_scale);
  }
}

}  // namespace
}  // namespace plumb
