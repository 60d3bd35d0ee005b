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

}  // namespace
}  // namespace plumb
