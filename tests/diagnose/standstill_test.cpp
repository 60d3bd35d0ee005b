// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/standstill.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string_view>

#include "plumb/diagnose/rules/stalled_layer.h"
#include "tests/diagnose/rule_test.h"
#include "tests/support/loss_course.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

constexpr const char* kLayers[] = {"0", "2", "4"};

OptimiserInfo sgd() {
  OptimiserInfo info;
  info.kind = "sgd";
  info.learning_rate = 0.1;
  return info;
}

OptimiserInfo adam(double eps) {
  OptimiserInfo info;
  info.kind = "adam";
  info.momentum = 0.9;
  info.beta2 = 0.999;
  info.eps = eps;
  info.learning_rate = 1e-3;
  return info;
}

/// Three layers with weights of rms 1/4 and gradients of 2^gradient, in steps 0, 20 ... 180 of a
/// run that learns nothing; what the update is, the optimiser says.
struct Standing {
  OptimiserInfo optimiser = sgd();
  double log2_gradient = -6;
  double clip_factor = 1;
  double log2_update = -30;
  double loss_at_end = 1.38;

  plumb::Run run() const {
    plumb::Run run = test::flat_run(3, 16, "relu", 10);
    run.info.optimiser_info = optimiser;
    run.info.loss = "cross_entropy";
    run.info.classes = 4;
    for (std::size_t s = 0; s < run.steps.size(); ++s) {
      StepRecord& step = run.steps[s];
      step.step = 20 * static_cast<std::int64_t>(s);
      step.loss = s == 0 ? 1.386 : loss_at_end;
      step.clip_factor = clip_factor;
      step.learning_rate = optimiser.learning_rate;
      for (const char* layer : kLayers) {
        test::put_rms(run.info, step, layer, Role::update, log2_update);
        test::put_rms(run.info, step, layer, Role::grad_weight, log2_gradient);
      }
    }
    return run;
  }
};

bool stands_still(const plumb::Run& run) { return find_standstill(RunView(run), true).has_value(); }

CauseKind cause_of(const plumb::Run& run) {
  const auto finding = find_standstill(RunView(run), true);
  EXPECT_TRUE(finding.has_value());
  if (!finding) return CauseKind::unknown;
  EXPECT_TRUE(test::is_complete(run.info, *finding));
  EXPECT_EQ(finding->place, Place{});
  EXPECT_FALSE(finding->remedies.empty());
  return finding->cause.kind;
}

TEST(StandstillTest, ARateThatIsTooSmall) {
  Standing one;
  one.optimiser.learning_rate = 1e-6;
  one.log2_update = -6 - 19.93;
  EXPECT_EQ(cause_of(one.run()), CauseKind::small_rate);
}

TEST(StandstillTest, ARateOfZero) {
  for (const char* kind : {"sgd", "adam"}) {
    OptimiserInfo optimiser = std::string_view(kind) == "adam" ? adam(1e-8) : sgd();
    optimiser.learning_rate = 0;
    const plumb::Run run =
        Standing{.optimiser = optimiser, .log2_update = -std::numeric_limits<double>::infinity()}
            .run();
    const auto findings = test::findings_of(check_stalled_layer, run);
    ASSERT_EQ(findings.size(), 1u) << kind;
    EXPECT_EQ(findings[0].cause.kind, CauseKind::small_rate);
    EXPECT_EQ(test::first_remedy(findings[0]), RemedyKind::raise_rate);
    EXPECT_TRUE(test::is_complete(run.info, findings[0]));
    const FindingWords words = words_of(run.info, findings, findings[0]);
    EXPECT_TRUE(test::contains(words.cause, "The learning rate is 0")) << words.cause;
  }
}

TEST(StandstillTest, ClippingByNorm) {
  Standing one;
  one.clip_factor = 1e-6;
  one.log2_update = -6 - 3.32 - 19.93;
  EXPECT_EQ(cause_of(one.run()), CauseKind::clipping);
  // Where that is not known of the optimiser, the step says it.
  plumb::Run run = one.run();
  run.info.optimiser_info.reset();
  EXPECT_EQ(cause_of(run), CauseKind::clipping);
}

TEST(StandstillTest, ClippingByValue) {
  Standing one;
  one.optimiser.clip_value = 1e-8;
  one.log2_update = -3.32 - 26.6;
  EXPECT_EQ(cause_of(one.run()), CauseKind::clipping);
}

TEST(StandstillTest, AnEpsAboveTheGradient) {
  Standing one;
  one.optimiser = adam(100);
  one.log2_update = -9.97 - 6 - 6.64;
  EXPECT_EQ(cause_of(one.run()), CauseKind::large_eps);
  // The usual one, and a rate that is small: rms(update) is the rate.
  one.optimiser.eps = 1e-8;
  one.optimiser.learning_rate = 1e-6;
  one.log2_update = -19.93;
  EXPECT_EQ(cause_of(one.run()), CauseKind::small_rate);
}

TEST(StandstillTest, ClippingBelowEps) {
  Standing one;
  one.optimiser = adam(1e-8);
  one.clip_factor = 1e-10;
  one.log2_update = -9.97 - (39.2 - 26.6);
  EXPECT_EQ(cause_of(one.run()), CauseKind::clipping);
}

TEST(StandstillTest, AWarmUpLongerThanTheRun) {
  Standing one;
  one.optimiser.warmup_steps = 10'000'000;
  one.log2_update = -6 - 20;
  plumb::Run run = one.run();
  for (StepRecord& step : run.steps) step.learning_rate = 0.1 * 180 / 10'000'000;
  EXPECT_EQ(cause_of(run), CauseKind::long_warm_up);
}

TEST(StandstillTest, AGradientThatNoRateMakesGood) {
  Standing one;
  one.log2_gradient = -40;
  one.log2_update = -43.3;
  EXPECT_EQ(cause_of(one.run()), CauseKind::small_gradient);
}

TEST(StandstillTest, AScheduleThatTakesTheRateAway) {
  Standing one;
  one.log2_update = -9;
  plumb::Run run = one.run();
  for (std::size_t s = 2; s < run.steps.size(); ++s) {
    run.steps[s].learning_rate = 1e-8;
    for (const char* layer : kLayers)
      test::put_rms(run.info, run.steps[s], layer, Role::update, -31);
  }
  EXPECT_EQ(cause_of(run), CauseKind::decayed_rate);
  EXPECT_EQ(find_standstill(RunView(run), true)->first_step, 40);
  // It has learned what there is.
  for (StepRecord& step : run.steps) step.loss = step.step == 0 ? 1.386 : 0.05;
  EXPECT_FALSE(stands_still(run));
}

// A first loss above that of the best constant answer comes down to it without any learning.
TEST(StandstillTest, ANetworkThatHasNotLearnedMayMoveMore) {
  Standing one;
  one.log2_update = -14;  // 2^-12 a step
  const plumb::Run run = test::with_losses(one.run(), 300, {3.0, 2.3026, 2.3026});
  const auto finding = find_standstill(RunView(run), true);
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->cause.kind, CauseKind::small_rate);
  EXPECT_EQ(finding->severity, Severity::critical);
  EXPECT_TRUE(test::is_complete(run.info, *finding));
  EXPECT_FALSE(find_standstill(RunView(run), false)) << "another rule has the cause";
  EXPECT_FALSE(stands_still(test::with_losses(one.run(), 300, {3.0, 1.0, 0.5})));
  EXPECT_FALSE(stands_still(test::with_losses(one.run(), 60, {3.0, 2.4, 2.3})));
}

TEST(StandstillTest, AnEpsFarAboveTheGradientSlowsWhatStillLearns) {
  for (const double log2_gradient : {-6.0, 1.0}) {
    Standing standing;
    standing.optimiser = adam(1);
    standing.optimiser.learning_rate = 0.05;
    standing.log2_gradient = log2_gradient;
    standing.log2_update = -11;
    plumb::Run run = test::with_losses(standing.run(), 300, {2.3, 1.6}, 0.002);
    const auto findings = test::findings_of(check_stalled_layer, run);
    ASSERT_EQ(findings.size(), log2_gradient < 0 ? 1u : 0u);
    if (findings.empty()) continue;
    EXPECT_TRUE(test::is_complete(run.info, findings[0]));
    EXPECT_EQ(findings[0].cause.kind, CauseKind::large_eps);
    EXPECT_EQ(findings[0].severity, Severity::warning);
  }
}

TEST(StandstillTest, SilentOnWhatMovesLearnsOrHasLearned) {
  Standing one;
  one.log2_update = -14;  // 180 steps of 2^-12
  EXPECT_FALSE(stands_still(one.run()));
  one.log2_update = -20;
  one.loss_at_end = 1.2;
  EXPECT_FALSE(stands_still(one.run()));
  one.loss_at_end = 0.01;
  one.log2_update = -30;
  plumb::Run tuned = one.run();
  tuned.steps[0].loss = 0.01;
  EXPECT_FALSE(stands_still(tuned));
}

}  // namespace
}  // namespace plumb
