// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/saturated_gate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/diagnose/rule_test.h"
#include "tests/diagnose/time_test.h"
#include "tests/support/loss_course.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

TimeRecord gate_of(TimeQuantity gate, double low, double high) {
  test::TimeBuilder builder(test::kRecurrent, 20);
  builder.put(TimeQuantity::grad_h, [](auto) { return 0.0; }).put_gate(gate, 0.5, low, high);
  return builder.record();
}

plumb::Run run_of(TimeQuantity gate, double low, double high) {
  return test::recurrent_run("lstm 64", 3, [=](int) { return gate_of(gate, low, high); });
}

std::vector<Finding> check(TimeQuantity gate, double low, double high) {
  return test::findings_of(check_saturated_gate, run_of(gate, low, high));
}

TEST(SaturatedGateTest, FiresOnCandidatesInBothEnds) {
  for (const TimeQuantity gate :
       {TimeQuantity::cell_gate, TimeQuantity::new_gate, TimeQuantity::h}) {
    const auto findings = check(gate, 0.3, 0.3);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_TRUE(test::is_complete(run_of(gate, 0.3, 0.3).info, findings[0]));
    EXPECT_EQ(findings[0].severity, Severity::warning);
    EXPECT_NEAR(findings[0].evidence[0].fact.value, 0.6, 1e-4);
    EXPECT_TRUE(check(gate, 0.24, 0.25).empty());
  }
  EXPECT_EQ(check(TimeQuantity::cell_gate, 0.5, 0.45)[0].severity, Severity::critical);
}

TEST(SaturatedGateTest, FiresOnAMuteCellAndOnOneThatForgetsAtOnce) {
  for (const TimeQuantity gate : {TimeQuantity::output_gate, TimeQuantity::forget_gate}) {
    EXPECT_EQ(check(gate, 0.6, 0).size(), 1u);
    EXPECT_TRUE(check(gate, 0.4, 0.6).empty());
  }
}

// Chrono initialisation for 784 steps puts nine in ten of the gates there.
TEST(SaturatedGateTest, AMemoryIsNoFinding) {
  EXPECT_TRUE(check(TimeQuantity::forget_gate, 0, 0.9).empty());
  EXPECT_TRUE(check(TimeQuantity::input_gate, 0.9, 0).empty());
  EXPECT_TRUE(check(TimeQuantity::update_gate, 0, 0.9).empty());
}

// A memory is written once in its sequence at least; half of that is not an eighth.
TEST(SaturatedGateTest, AGateThatLetsNothingInIsNoMemory) {
  const auto with_mean = [](TimeQuantity gate, double mean) {
    const bool input = gate == TimeQuantity::input_gate;
    return test::findings_of(check_saturated_gate, test::recurrent_run("lstm 64", 3, [=](int) {
                               test::TimeBuilder builder(test::kRecurrent, 20);
                               builder.put(TimeQuantity::grad_h, [](auto) { return 0.0; })
                                   .put_gate(gate, mean, input ? 1 : 0, input ? 0 : 1);
                               return builder.record();
                             }));
  };
  EXPECT_EQ(with_mean(TimeQuantity::input_gate, 0.001).size(), 1u);
  EXPECT_TRUE(with_mean(TimeQuantity::input_gate, 0.008).empty());
  EXPECT_EQ(with_mean(TimeQuantity::update_gate, 0.999).size(), 1u);
  EXPECT_TRUE(with_mean(TimeQuantity::update_gate, 0.992).empty());
}

TEST(SaturatedGateTest, WhatALearnerMadeOfItsGatesIsANote) {
  const auto found = [](double last_loss) {
    const plumb::Run run = test::recurrent_run("lstm 64", 3, [](int step) {
      test::TimeBuilder builder(test::kRecurrent, 20);
      const double flat = step == 0 ? 0.1 : 0.3;
      builder.put(TimeQuantity::grad_h, [](auto) { return 0.0; })
          .put_gate(TimeQuantity::cell_gate, 0, flat, flat);
      return builder.record();
    });
    return test::findings_of(check_saturated_gate, test::with_losses(run, 120, {2.31, last_loss}));
  };
  const auto learned = found(0.9);
  ASSERT_EQ(learned.size(), 1u);
  EXPECT_EQ(learned[0].cause.kind, CauseKind::gate_drift);
  EXPECT_EQ(learned[0].severity, Severity::note);
  EXPECT_EQ(found(2.1).at(0).severity, Severity::warning);
}

/// Inputs, weights and biases of the gates in all steps.
plumb::Run run_with_sizes(double x, double weight, double bias) {
  plumb::Run run = run_of(TimeQuantity::h, 0.5, 0.5);
  run.info.layers[1].fan_in = 16;
  const auto add = [&](ParamUse use, double value) {
    const auto id = static_cast<ParamId>(run.info.params.size());
    run.info.params.push_back({.path = "r", .name = "p", .use = use, .users = {1}, .count = 64});
    const double values[] = {value, -value};
    for (StepRecord& step : run.steps) {
      step.sketches.push_back({Site::param(id, Role::weight), test::sketch_of(values)});
    }
  };
  add(ParamUse::weight, weight);
  add(ParamUse::bias, bias);
  for (StepRecord& step : run.steps) {
    test::put_rms(run.info, step, run.info.layers[0].path, Role::a, std::log2(x));
  }
  return run;
}

TEST(SaturatedGateTest, NamesWhatStandsInItsInput) {
  const auto cause = [](double x, double weight, double bias) {
    const plumb::Run run = run_with_sizes(x, weight, bias);
    const auto findings = test::findings_of(check_saturated_gate, run);
    EXPECT_EQ(findings.size(), 1u);
    EXPECT_TRUE(test::is_complete(run.info, findings[0]));
    return findings[0].cause.kind;
  };
  EXPECT_EQ(cause(1, 0.25, 10), CauseKind::large_bias);
  EXPECT_EQ(cause(1, 25, 0.1), CauseKind::large_weight);
  EXPECT_EQ(cause(300, 0.25, 0.1), CauseKind::large_input);
}

// A state of rms 1 goes through the recurrent weight, over all units; where nobody said how many
// there are, over one.
TEST(SaturatedGateTest, ARecurrentWeightCountsOverItsUnits) {
  const auto cause = [](std::int64_t units, double recurrent) {
    plumb::Run run = run_with_sizes(2, 0.25, 0);  // inputs make 0.25 sqrt(16) times 2
    run.info.layers[1].units = units;
    const auto id = static_cast<ParamId>(run.info.params.size());
    run.info.params.push_back(
        {.path = "r", .name = "hh", .use = ParamUse::recurrent_weight, .users = {1}, .count = 64});
    const double values[] = {recurrent, -recurrent};
    for (StepRecord& step : run.steps) {
      step.sketches.push_back({Site::param(id, Role::weight), test::sketch_of(values)});
    }
    return test::findings_of(check_saturated_gate, run).at(0).cause.kind;
  };
  EXPECT_EQ(cause(64, 0.26), CauseKind::large_weight);
  EXPECT_EQ(cause(64, 0.24), CauseKind::large_input);
  EXPECT_EQ(cause(0, 2.1), CauseKind::large_weight);
  EXPECT_EQ(cause(0, 1.9), CauseKind::large_input);
}

}  // namespace
}  // namespace plumb
