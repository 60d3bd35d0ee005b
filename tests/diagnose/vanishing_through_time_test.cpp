// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/vanishing_through_time.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/diagnose/rule_test.h"
#include "tests/diagnose/time_test.h"

namespace plumb {
namespace {

std::vector<Finding> check(const plumb::Run& run) {
  return test::findings_of(check_vanishing_through_time, run);
}

// PyTorch's start: the recurrent weight's gain is 1/sqrt(3), and f' of a tanh near 1.
TEST(VanishingThroughTimeTest, FiresOnAPlainRecurrenceAndBlamesItsWeight) {
  const auto findings = check(test::recurrent_run(
      "rnn 64", 3, [](int) { return test::decaying_rnn(100, -0.87, -0.08, "r"); }));
  ASSERT_EQ(findings.size(), 1u);
  const Finding& finding = findings[0];
  EXPECT_TRUE(test::is_complete(finding));
  EXPECT_EQ(finding.severity, Severity::critical);
  EXPECT_EQ(finding.path, "r");
  EXPECT_NEAR(finding.evidence[0].value, -0.87 * 99, 0.1);
  EXPECT_NEAR(finding.evidence[1].value, 1 / (0.87 * std::log(2.0)), 0.02);
  EXPECT_NEAR(finding.evidence[1].threshold, 99 / std::log(1000.0), 0.02);
  EXPECT_TRUE(test::contains(finding.symptom, "over 99 time steps back")) << finding.symptom;
  EXPECT_TRUE(
      test::contains(finding.cause, "The recurrent weight does most of it: it multiplies by 0.58"))
      << finding.cause;
  EXPECT_TRUE(test::contains(finding.consequence, "last 8 time steps")) << finding.consequence;
  EXPECT_TRUE(test::contains(finding.consequence, "rounding of a float"));
  EXPECT_TRUE(test::contains(finding.remedies[0], "lstm 64 chrono=100")) << finding.remedies[0];
}

TEST(VanishingThroughTimeTest, BlamesTheDerivativeOfASaturatedTanh) {
  const auto findings = check(test::recurrent_run("rnn 64", 3, [](int) {
    TimeRecord record = test::decaying_rnn(100, -0.87, -1.5, "r");
    record.series.push_back({TimeQuantity::h, TimeStatistic::mean, std::vector<float>(100, 0)});
    record.series.push_back(
        {TimeQuantity::h, TimeStatistic::low_fraction, std::vector<float>(100, 0.3F)});
    record.series.push_back(
        {TimeQuantity::h, TimeStatistic::high_fraction, std::vector<float>(100, 0.3F)});
    return record;
  }));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::contains(findings[0].cause, "derivative of the activation does most of it"))
      << findings[0].cause;
  EXPECT_TRUE(test::contains(findings[0].cause, "60 % of the states")) << findings[0].cause;
  EXPECT_TRUE(test::contains(findings[0].remedies[0], "saturated"));
}

// A factor of 1000 is 2^-9.966: 0.099 of an octave a step fits into 100 steps and 0.102 does not.
TEST(VanishingThroughTimeTest, SilentJustAboveTheLimitAndFiresJustBelow) {
  for (const double per_step : {-0.099609375, -0.1025390625}) {
    const auto findings = check(test::recurrent_run(
        "rnn 64", 3, [=](int) { return test::decaying_rnn(100, per_step, 0, "r"); }));
    ASSERT_EQ(findings.size(), per_step < -0.1 ? 1u : 0u);
    if (!findings.empty()) {
      EXPECT_EQ(findings[0].severity, Severity::warning);
    }
  }
}

// 0.98 a step is a long memory for 100 steps and a short one for 1000.
TEST(VanishingThroughTimeTest, IsRelativeToTheLengthOfTheSequence) {
  for (const auto& [length, count] : {std::pair(100, 0u), std::pair(1000, 1u)}) {
    EXPECT_EQ(
        check(test::recurrent_run("lstm 64", 2,
                                  [=, n = length](int) { return test::carrying_lstm(n, 0.98); }))
            .size(),
        count);
  }
}

// Half-open gates: what the cell carries halves in one step; a remedy opens them for this length.
TEST(VanishingThroughTimeTest, TellsTheHalfLifeOfAForgetGate) {
  const auto findings = check(test::recurrent_run(
      "lstm 64", 2, [](int) { return test::carrying_lstm(50, 0.731058578630005); }));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::contains(findings[0].cause, "forget gate averages 0.731")) << findings[0].cause;
  EXPECT_TRUE(test::contains(findings[0].cause, "half is gone after 2.21 steps"))
      << findings[0].cause;
  EXPECT_TRUE(test::contains(findings[0].remedies[0], "lstm 64 chrono=50"));
  EXPECT_EQ(findings[0].severity, Severity::warning);  // 2^-22 is still above a float's rounding
}

TEST(VanishingThroughTimeTest, WhatTrainingMendsIsANote) {
  const auto findings = check(test::recurrent_run(
      "lstm 64", 6, [](int step) { return test::carrying_lstm(100, step < 2 ? 0.5 : 0.99); }));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::note);
  EXPECT_EQ(findings[0].last_step, 1);
  EXPECT_TRUE(test::contains(findings[0].symptom, "After step 1 it no longer shows"));
}

// A loss at every time step keeps the gradient level; what is kept from one to the next still
// decays.
TEST(VanishingThroughTimeTest, LooksThroughWhatTheLayersAboveAdd) {
  const auto findings = check(test::recurrent_run("rnn 64", 2, [](int) {
    test::TimeBuilder builder("r", 100);
    builder.put(TimeQuantity::grad_h, [](auto) { return 0.0; })
        .put(TimeQuantity::grad_z, [](auto) { return -0.1; })
        .put(TimeQuantity::grad_h_by_recurrence, [](auto) { return -1.0; });
    return builder.record();
  }));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_NEAR(findings[0].evidence[0].value, -99, 1e-6);
}

TEST(VanishingThroughTimeTest, SaysThatTruncationEndsTheGradient) {
  const auto findings = check(test::recurrent_run("rnn 64 bptt=20", 2, [](int) {
    test::TimeBuilder builder("r", 100);
    builder.put(TimeQuantity::grad_h,
                [](auto t) { return t < 80 ? -std::numeric_limits<double>::infinity() : 0.0; });
    return builder.record();
  }));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::contains(findings[0].symptom, "ends at time step 79 of 100"))
      << findings[0].symptom;
  EXPECT_TRUE(test::contains(findings[0].cause, "cut on purpose"));
  EXPECT_TRUE(test::contains(findings[0].remedies[0], "raise bptt"));
}

TEST(VanishingThroughTimeTest, SilentWithoutRecurrentLayersAndOnAStateTheLossDoesNotSee) {
  EXPECT_TRUE(check(test::flat_run(3, 16, "relu", 3)).empty());
  EXPECT_TRUE(check(test::recurrent_run("rnn 64", 2, [](int) {
                test::TimeBuilder builder("r", 100);
                builder.put(TimeQuantity::grad_h,
                            [](auto) { return -std::numeric_limits<double>::infinity(); });
                return builder.record();
              })).empty());
}

}  // namespace
}  // namespace plumb
