// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/update_too_large.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/diagnose/rule_test.h"
#include "tests/support/loss_course.h"
#include "tests/support/mini_net.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

/// All layers of the given steps move by 2^log2_ratio of their weights of rms 1/4.
plumb::Run run_with_ratio(double log2_ratio, std::size_t first, std::size_t last) {
  auto run = test::flat_run(5, 16, "relu", 6);
  for (std::size_t s = first; s <= last; ++s) {
    for (const char* path : {"0", "2", "4", "6", "8"}) {
      test::put_rms(run.info, run.steps[s], path, Role::update, -2 + log2_ratio);
    }
  }
  return run;
}

TEST(UpdateTooLargeTest, AnOptimiserThatFindsItsOwnLengthIsNotJudged) {
  auto run = run_with_ratio(-2, 1, 5);
  run.info.optimiser_info.emplace().kind = "lbfgs";
  EXPECT_TRUE(test::findings_of(check_update_too_large, run).empty());
  run.info.optimiser_info->kind = "sgd";
  EXPECT_EQ(test::findings_of(check_update_too_large, run).size(), 1u);
}

TEST(UpdateTooLargeTest, FiresAboveATenthForTheMedianLayer) {
  EXPECT_TRUE(test::findings_of(check_update_too_large, run_with_ratio(-3.4, 0, 5)).empty());
  const auto run = run_with_ratio(-3.2, 2, 5);
  const auto findings = test::findings_of(check_update_too_large, run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_EQ(findings[0].first_step, 2);
  EXPECT_EQ(findings[0].severity, Severity::warning);
  ASSERT_EQ(test::first_remedy(findings[0]), RemedyKind::lower_rate);
  // What it has to be is not known from the ratio.
  EXPECT_TRUE(findings[0].remedies[0].arguments.empty());
  EXPECT_EQ(findings[0].remedies[0].number("rate"), nullptr);
}

// Ten classes, batches of 48: 48 ln 10 in the place of ln 10.
TEST(UpdateTooLargeTest, SaysThatTheLossIsASumOverTheBatch) {
  for (const double times : {1.0, 48.0, 200.0}) {
    plumb::Run run = run_with_ratio(0, 5, 5);
    run.info.loss = "cross_entropy";
    const LayerId output = test::id_of(run.info, "8");
    LayerInfo& last = run.info.layers[static_cast<std::size_t>(output)];
    last.units = 10;
    run.steps[0].loss = times * std::log(10.0);
    std::erase_if(run.steps[0].sketches, [&](const SketchRecord& one) {
      return one.site == Site{output, Role::z};
    });
    test::put(run.info, run.steps[0], "8", Role::z, test::sketch_with_rms(-1, 480));
    const auto findings = test::findings_of(check_update_too_large, run);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_TRUE(test::is_complete(run.info, findings[0]));
    const std::string cause = words_of(run.info, findings, findings[0]).cause;
    EXPECT_EQ(test::contains(cause, "a batch has 48 samples: it seems to be a sum"), times == 48)
        << cause;
    EXPECT_EQ(findings[0].remedies[0].number("samples") != nullptr, times == 48);
  }
}

TEST(UpdateTooLargeTest, ASingleLayerMayMoveByLessThanHalf) {
  for (const double log2_ratio : {-1.1, -0.9}) {
    auto run = test::flat_run(5, 16, "relu", 4);
    for (StepRecord& step : run.steps)
      test::put_rms(run.info, step, "8", Role::update, -2 + log2_ratio);
    const auto findings = test::findings_of(check_update_too_large, run);
    ASSERT_EQ(findings.size(), log2_ratio > -1 ? 1u : 0u);
    for (const Finding& finding : findings) EXPECT_EQ(test::path_at(run.info, finding.place), "8");
  }
}

TEST(UpdateTooLargeTest, OneLargeStepCountsOnlyIfItIsAsLargeAsTheWeight) {
  EXPECT_TRUE(test::findings_of(check_update_too_large, run_with_ratio(-1, 3, 3)).empty());
  EXPECT_EQ(test::findings_of(check_update_too_large, run_with_ratio(0.1, 3, 3)).size(), 1u);
}

TEST(UpdateTooLargeTest, FiresOnRatesThatAreTooHighAndIsSilentOnUsualOnes) {
  test::MiniSpec spec;
  spec.depth = 5;
  spec.steps = 20;
  EXPECT_TRUE(test::findings_of(check_update_too_large, test::run_mini_net(spec)).empty());
  spec.learning_rate = 2;
  EXPECT_EQ(test::findings_of(check_update_too_large, test::run_mini_net(spec)).size(), 1u);
  spec.adam = true;
  spec.learning_rate = 1e-3;
  EXPECT_TRUE(test::findings_of(check_update_too_large, test::run_mini_net(spec)).empty());
  spec.learning_rate = 0.1;
  EXPECT_EQ(test::findings_of(check_update_too_large, test::run_mini_net(spec)).size(), 1u);
}

// Momentum of 0.99 makes a step of a hundred gradients, and each alone would be in order.
TEST(UpdateTooLargeTest, MomentumIsBlamedForWhatItAddsUp) {
  auto run = run_with_ratio(-2, 2, 5);
  for (StepRecord& step : run.steps) {
    // The update is 0.1 * gradient where a step is one of them.
    for (const char* path : {"0", "2", "4", "6", "8"}) {
      test::put_rms(run.info, step, path, Role::grad_weight, -4 - 6 - std::log2(0.1));
    }
  }
  const auto cause = [&] { return test::findings_of(check_update_too_large, run)[0].cause.kind; };
  EXPECT_EQ(cause(), CauseKind::learning_rate);  // nothing is known of the optimiser
  run.info.optimiser_info.emplace();
  run.info.optimiser_info->momentum = 0.99;
  EXPECT_EQ(cause(), CauseKind::momentum);
  const auto findings = test::findings_of(check_update_too_large, run);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_NEAR(test::value_of(findings[0], Quantity::effective_rate), 10, 1e-9);
  EXPECT_EQ(test::first_remedy(findings[0]), RemedyKind::lower_momentum);
  run.info.optimiser_info->beta2 = 0.999;  // its update is not a multiple of the gradient
  EXPECT_EQ(cause(), CauseKind::learning_rate);
}

// At 0.999 a step of a fiftieth goes the same way for as long as the run lasts.
TEST(UpdateTooLargeTest, WhatMomentumKeepsUpCountsAsOftenWhereTheNetworkLearnsBadly) {
  const auto found = [](double momentum, double last_loss) {
    plumb::Run run = test::with_losses(run_with_ratio(-5.6, 0, 5), 200, {2.31, last_loss});
    run.info.optimiser_info.emplace();
    run.info.optimiser_info->momentum = momentum;
    return test::findings_of(check_update_too_large, run);
  };
  EXPECT_TRUE(found(0.9, 2.3).empty());
  EXPECT_TRUE(found(0.999, 0.3).empty());
  const auto findings = found(0.999, 2.3);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].cause.kind, CauseKind::momentum);
  EXPECT_EQ(test::first_remedy(findings[0]), RemedyKind::lower_momentum);
  // 200 steps are 20 times ten.
  EXPECT_NEAR(findings[0].evidence.back().threshold, kUpdateLog2 - std::log2(20.0), 1e-9);
}

// Half of the step or more is decay: the rate times the decay times the weight.
TEST(UpdateTooLargeTest, DecayIsBlamedWhereItIsHalfOfTheStep) {
  for (const double part : {0.4, 0.45, 0.55, 0.6}) {
    auto run = run_with_ratio(-2, 1, 5);
    const double decay = part * 0.25 / run.steps[0].learning_rate;
    for (StepRecord& step : run.steps) {
      step.weight_decay_norm = decay * 0.25 * std::sqrt(5 * 64.0);  // 5 weights of 64 values
    }
    const auto findings = test::findings_of(check_update_too_large, run);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].cause.kind,
              part > 0.5 ? CauseKind::weight_decay : CauseKind::learning_rate);
  }
}

// The first update of a weight that starts at zero is infinitely large against it, and quite usual.
TEST(UpdateTooLargeTest, SilentOnAWeightThatStartsAtZero) {
  auto run = test::flat_run(5, 16, "relu", 4);
  for (std::size_t s = 0; s < 4; ++s) {
    const double weight = s == 0 ? -std::numeric_limits<double>::infinity() : -9 + std::log2(s);
    test::put_rms(run.info, run.steps[s], "8", Role::weight, weight);
  }
  EXPECT_TRUE(test::findings_of(check_update_too_large, run).empty());
}

TEST(UpdateTooLargeTest, TheFirstStepAloneIsANoteUnlessNothingIsLeftOfTheWeights) {
  for (const double log2_ratio : {0.5, 5.0}) {
    auto run = run_with_ratio(log2_ratio, 0, 0);
    run.steps.resize(1);
    const auto findings = test::findings_of(check_update_too_large, run);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].severity, log2_ratio > 4 ? Severity::critical : Severity::note);
  }
}

}  // namespace
}  // namespace plumb
