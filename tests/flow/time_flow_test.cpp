// SPDX-License-Identifier: Apache-2.0
#include "plumb/flow/time_flow.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "plumb/flow/line_fit.h"
#include "tests/support/time_builder.h"

namespace plumb {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Carries by f alone, as an lstm does whose hidden ways are closed.
TimeRecord carrying_lstm(std::int64_t time_steps, double forget) {
  const auto grad_c = [=](std::int64_t t) {
    return std::log2(forget) * static_cast<double>(time_steps - 1 - t);
  };
  test::TimeBuilder builder(1, time_steps);
  builder.put(TimeQuantity::grad_h, [=](auto t) { return t + 1 == time_steps ? 0.0 : -kInfinity; })
      .put(TimeQuantity::grad_c, grad_c)
      .put(TimeQuantity::grad_h_by_carry, [=](auto t) { return grad_c(t) + std::log2(forget); })
      .put(TimeQuantity::grad_h_by_recurrence, [](auto) { return -kInfinity; })
      .put_gate(TimeQuantity::forget_gate, forget, 0, 0.25);
  return builder.record();
}

// Forget bias 1 at initialisation: f = 0.731058578630005, half-life 2.2127 steps, and bias 5:
// 103.218 steps.
TEST(TimeFlowTest, TheScaleOfACarryIsThatOfItsForgetGate) {
  constexpr double kLn2 = 0.69314718055994530942;
  for (const auto& [forget, half_life] :
       {std::pair(0.731058578630005, 2.2127), std::pair(0.993307149075715, 103.218)}) {
    const TimeFlow flow = time_flow({}, {}, carrying_lstm(400, forget));
    EXPECT_NEAR(flow.scale.steps_per_efold * kLn2, half_life, 2e-3 * half_life);
    EXPECT_NEAR(flow.scale.r_squared, 1, 1e-4);
    EXPECT_NEAR(flow.log2_kept, 399 * std::log2(forget), 0.01);
    const double memory = std::floor(std::log2(100) * half_life);
    EXPECT_NEAR(static_cast<double>(flow.memory), std::min<double>(399, memory), 1.5);
    EXPECT_EQ(flow.memory_is_all, forget > 0.99);
  }
}

TEST(TimeFlowTest, HoldsThousandsOfStepsFarBeyondTheRangeOfFloat) {
  const TimeFlow flow = time_flow({}, {}, test::decaying_rnn(5000, -1.75, -1.25));
  EXPECT_DOUBLE_EQ(flow.log2_total, -1.75 * 4999);
  EXPECT_DOUBLE_EQ(flow.part(TimeCause::activation_derivative), -1.25 * 4999);
  EXPECT_DOUBLE_EQ(flow.scale.log2_per_step, -1.75);
  EXPECT_EQ(flow.memory, 3);
  EXPECT_EQ(flow.steps, 4999);
}

TEST(TimeFlowTest, AGradientThatGrowsHasANegativeScaleAndIsRememberedWhole) {
  const TimeFlow flow = time_flow({}, {}, test::decaying_rnn(100, 0.5));
  EXPECT_NEAR(flow.scale.steps_per_efold, -1 / (0.5 * std::log(2.0)), 1e-6);
  EXPECT_TRUE(flow.memory_is_all);
  EXPECT_EQ(flow.memory, 99);
}

TEST(TimeFlowTest, GatesAndSharesAreAveragedOverTheSteps) {
  test::TimeBuilder builder(1, 4);
  builder.put(TimeQuantity::grad_h, [](auto) { return 0.0; })
      .put(
          TimeQuantity::update_gate, [](auto t) { return 0.25 * static_cast<double>(t); },
          TimeStatistic::mean)
      .put(
          TimeQuantity::update_gate, [](auto) { return 0.5; }, TimeStatistic::low_fraction)
      .put(
          TimeQuantity::update_gate, [](auto) { return 0.125; }, TimeStatistic::high_fraction)
      .put(TimeQuantity::grad_h_by_carry, [](auto) { return 0.0; })
      .put(TimeQuantity::grad_h_by_new_gate, [](auto) { return 0.0; });
  const TimeFlow flow = time_flow({}, {}, builder.record());
  ASSERT_NE(flow.gate(TimeQuantity::update_gate), nullptr);
  EXPECT_DOUBLE_EQ(flow.gate(TimeQuantity::update_gate)->mean, 0.375);
  EXPECT_DOUBLE_EQ(flow.gate(TimeQuantity::update_gate)->low_fraction, 0.5);
  EXPECT_DOUBLE_EQ(flow.gate(TimeQuantity::update_gate)->high_fraction, 0.125);
  EXPECT_EQ(flow.gate(TimeQuantity::reset_gate), nullptr);
  EXPECT_EQ(flow.gates.size(), 1U) << "a gradient is no gate";
  ASSERT_EQ(flow.shares.size(), 2U);
  EXPECT_DOUBLE_EQ(flow.shares[0].share, 0.5);
}

TEST(TimeFlowTest, AGradientThatEndsKeepsNothing) {
  test::TimeBuilder builder(1, 10);
  builder.put(TimeQuantity::grad_h, [](auto t) { return t < 4 ? -kInfinity : 0.0; });
  const TimeFlow flow = time_flow({}, {}, builder.record());
  EXPECT_TRUE(flow.known);
  EXPECT_TRUE(flow.ends_in_zero);
  EXPECT_EQ(flow.log2_kept, -kInfinity);
  EXPECT_EQ(flow.memory, 5);
  EXPECT_FALSE(flow.memory_is_all);
}

// A loss at every step, and a gradient that is cut before step 4 (truncation).
TEST(TimeFlowTest, ACutIsSeenThoughTheLayersAboveFeedTheEarlierSteps) {
  test::TimeBuilder builder(1, 10);
  builder.put(TimeQuantity::grad_h, [](auto) { return 0.0; })
      .put(TimeQuantity::grad_h_by_recurrence, [](auto t) { return t == 4 ? -kInfinity : -1.0; });
  const TimeFlow flow = time_flow({}, {}, builder.record());
  EXPECT_TRUE(flow.ends_in_zero);
  EXPECT_EQ(flow.ends_at, 3);
  EXPECT_EQ(flow.log2_kept, -kInfinity);
  EXPECT_EQ(flow.memory, 5);
  EXPECT_DOUBLE_EQ(flow.log2_total, 0);
}

// From time step 5 on nothing comes back to 6: the reverse direction runs the other way.
TEST(TimeFlowTest, ACutOfTheReverseDirectionIsSeenBehindIt) {
  test::TimeBuilder builder(1, 10, 64, true);
  builder.put(TimeQuantity::grad_h, [](auto) { return 0.0; })
      .put(TimeQuantity::grad_h_by_recurrence, [](auto t) { return t == 5 ? -kInfinity : -1.0; });
  const TimeFlow flow = time_flow({}, {}, builder.record());
  EXPECT_TRUE(flow.reverse);
  EXPECT_TRUE(flow.nothing_comes_back);
  EXPECT_EQ(flow.ends_at, 6);
  EXPECT_EQ(time_end_text(flow), "nothing comes back from time step 5 to the one before");
}

TEST(TimeFlowTest, SaysOfWhichLayerItIsAndHowItsBooksEnd) {
  const auto flow_of = [](std::int64_t zero_until, double there) {
    test::TimeBuilder builder(7, 8, 32);
    builder.put(TimeQuantity::grad_h, [=](auto t) { return t < zero_until ? there : 0.0; });
    return time_flow({}, {}, builder.record());
  };
  const TimeFlow whole = flow_of(0, 0);
  EXPECT_EQ(whole.layer, 7);
  EXPECT_EQ(whole.time_steps, 8);
  EXPECT_EQ(whole.units, 32);
  EXPECT_EQ(whole.ends_at, -1);
  EXPECT_EQ(time_end_text(whole), "");
  EXPECT_EQ(time_end_text(flow_of(1, -kInfinity)),
            "the gradient of the state at time step 0 is zero everywhere");
  EXPECT_EQ(time_end_text(flow_of(3, -kInfinity)),
            "the gradient of the state at time step 2 is zero everywhere");
  EXPECT_EQ(time_end_text(flow_of(3, std::nan(""))),
            "the gradient of the state at time step 2 is not a number");
  test::TimeBuilder cut(1, 8);
  cut.put(TimeQuantity::grad_h, [](auto) { return 0.0; })
      .put(TimeQuantity::grad_h_by_recurrence, [](auto t) { return t == 1 ? -kInfinity : 0.0; });
  EXPECT_EQ(time_end_text(time_flow({}, {}, cut.record())),
            "nothing comes back from time step 1 to the one before");
}

// One step is walked, and the zero is behind it.
TEST(TimeFlowTest, AGradientThatEndsAtOnceIsKnownToEnd) {
  test::TimeBuilder builder(1, 4);
  builder.put(TimeQuantity::grad_h, [](auto t) { return t == 3 ? 0.0 : -kInfinity; });
  const TimeFlow flow = time_flow({}, {}, builder.record());
  EXPECT_TRUE(flow.known);
  EXPECT_EQ(flow.steps, 1);
  EXPECT_EQ(flow.memory, 0);
  EXPECT_TRUE(flow.ends_in_zero);
  EXPECT_FALSE(flow.nothing_comes_back);
  EXPECT_EQ(flow.log2_total, -kInfinity);
}

// A hundredth is 2^-6.644: 13 steps of a half octave are kept, 14 are not.
TEST(TimeFlowTest, MemoryReachesAsFarAsAHundredthIsKept) {
  EXPECT_EQ(time_flow({}, {}, test::decaying_rnn(60, -0.5)).memory, 13);
  EXPECT_FALSE(time_flow({}, {}, test::decaying_rnn(60, -0.5)).memory_is_all);
  EXPECT_TRUE(time_flow({}, {}, test::decaying_rnn(14, -0.5)).memory_is_all);
  EXPECT_FALSE(time_flow({}, {}, test::decaying_rnn(15, -0.5)).memory_is_all);
}

// A gate that was not told at some steps is averaged over the others; one never told is not 0.
TEST(TimeFlowTest, WhatWasNotToldIsNoPartOfAnAverage) {
  test::TimeBuilder builder(1, 4);
  builder.put(TimeQuantity::grad_h, [](auto) { return 0.0; })
      .put(
          TimeQuantity::update_gate, [](auto t) { return t < 2 ? std::nan("") : 0.25; },
          TimeStatistic::mean)
      .put(
          TimeQuantity::reset_gate, [](auto) { return std::nan(""); }, TimeStatistic::mean)
      .put(TimeQuantity::grad_h_by_carry, [](auto t) { return t < 2 ? -kInfinity : 0.0; })
      .put(TimeQuantity::grad_h_by_new_gate, [](auto t) { return t < 3 ? -kInfinity : 0.0; });
  const TimeFlow flow = time_flow({}, {}, builder.record());
  EXPECT_DOUBLE_EQ(flow.gate(TimeQuantity::update_gate)->mean, 0.25);
  EXPECT_TRUE(std::isnan(flow.gate(TimeQuantity::update_gate)->low_fraction));
  EXPECT_TRUE(std::isnan(flow.gate(TimeQuantity::reset_gate)->mean));
  ASSERT_EQ(flow.shares.size(), 2U);
  EXPECT_EQ(flow.shares[0].way, TimeQuantity::grad_h_by_carry);
  EXPECT_DOUBLE_EQ(flow.shares[0].share, 0.75);  // all of it at one step, half at the other
  EXPECT_DOUBLE_EQ(flow.shares[1].share, 0.25);
}

TEST(TimeFlowTest, ASingleStepSaysNothing) {
  const TimeFlow flow = time_flow({}, {}, test::decaying_rnn(1, -1));
  EXPECT_FALSE(flow.known);
  EXPECT_TRUE(std::isinf(flow.scale.steps_per_efold));
}

TEST(LineFitTest, FindsALineAndSaysWhenThereIsNone) {
  const double x[] = {1, 2, 4};
  const double y[] = {3, 1, -3};
  EXPECT_DOUBLE_EQ(fit_line(x, y).slope, -2);
  EXPECT_DOUBLE_EQ(fit_line(x, y).r_squared, 1);
  EXPECT_TRUE(std::isnan(fit_line(std::span(x).first(1), std::span(y).first(1)).slope));
  const double same[] = {1, 1, 1};
  EXPECT_TRUE(std::isnan(fit_line(same, y).slope));
}

// Anscombe 1973, the first of his four: slope 0.5001, r squared 0.6665.
TEST(LineFitTest, AgreesWithAnscombe) {
  const double x[] = {10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5};
  const double y[] = {8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68};
  EXPECT_NEAR(fit_line(x, y).slope, 0.5001, 5e-5);
  EXPECT_NEAR(fit_line(x, y).r_squared, 0.6665, 5e-5);
}

TEST(LineFitTest, ALevelLineFitsWhollyAndTwoPointsSayNothingOfTheFit) {
  const double x[] = {1, 2, 4};
  const double level[] = {5, 5, 5};
  EXPECT_EQ(fit_line(x, level).slope, 0);
  EXPECT_EQ(fit_line(x, level).r_squared, 1);
  const LineFit two = fit_line(std::span(x).first(2), std::span(level).first(2));
  EXPECT_EQ(two.slope, 0);
  EXPECT_TRUE(std::isnan(two.r_squared));
}

}  // namespace
}  // namespace plumb
