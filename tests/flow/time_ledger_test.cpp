// SPDX-License-Identifier: Apache-2.0
#include "plumb/flow/time_ledger.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "plumb/flow/time_flow.h"
#include "tests/support/run_builder.h"
#include "tests/support/time_builder.h"

namespace plumb {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kResolution = 1.0 / 1024;

double parts_sum(const TimeLedgerStep& step) {
  return std::accumulate(step.parts.begin(), step.parts.end(), 0.0);
}

void expect_balances(const TimeLedger& ledger) {
  double parts = 0;
  double ratios = 0;
  for (const TimeLedgerStep& step : ledger.steps) {
    const double change = step.log2_grad_in - step.log2_grad_out;
    ASSERT_NEAR(parts_sum(step), change, 1e-9 * std::max(1.0, std::abs(change)));
    parts += parts_sum(step);
    ratios += change;
  }
  const double limit = 1e-9 * std::max(1.0, std::abs(ledger.total));
  ASSERT_NEAR(parts, ledger.total, limit);
  ASSERT_NEAR(ratios, ledger.total, limit);
  double causes = 0;
  for (std::size_t i = 0; i < kTimeCauseCount; ++i) {
    causes += ledger.total_of(static_cast<TimeCause>(i));
  }
  ASSERT_NEAR(causes, ledger.total, limit);
}

/// Layer 1 owns a recurrent weight, parameter 0.
RunInfo recurrent_info() {
  RunInfo info;
  info.layers.resize(2);
  ParamInfo weight;
  weight.use = ParamUse::recurrent_weight;
  weight.users = {1};
  info.params = {weight};
  return info;
}

// Whatever was measured, consistent or not, and whatever lacks: the books balance.
RC_GTEST_PROP(TimeLedgerTest, BalancesForRandomRecords, ()) {
  const auto number = [] { return 4000.0 * *rc::gen::inRange(-1000000, 1000000) / 1e6; };
  test::TimeBuilder builder(1, *rc::gen::inRange(1, 60), 16, *rc::gen::inRange(0, 2) == 1);
  builder.put(TimeQuantity::grad_h, [&](auto) { return number(); });
  for (const TimeQuantity quantity :
       {TimeQuantity::grad_c, TimeQuantity::grad_z, TimeQuantity::grad_h_by_carry,
        TimeQuantity::grad_h_by_recurrence}) {
    if (*rc::gen::inRange(0, 2) == 0) continue;
    builder.put(quantity,
                [&](auto) { return *rc::gen::inRange(0, 9) == 0 ? -kInfinity : number(); });
  }
  StepRecord step;
  if (*rc::gen::inRange(0, 2) == 1) {
    step.sketches.push_back({Site::param(0, Role::weight), test::sketch_with_rms(number())});
  }
  expect_balances(make_time_ledger(recurrent_info(), step, builder.record()));
  RC_ASSERT(!testing::Test::HasFatalFailure());
}

// s times an orthogonal matrix, no non-linearity: s^(T-1) remains (0.9^100 = 2.656e-5).
TEST(TimeLedgerTest, AScaledOrthogonalLinearRecurrenceKeepsItsPower) {
  for (const double s : {0.9, 0.99, 1.01, 1.1}) {
    const TimeRecord record = test::decaying_rnn(101, std::log2(s));
    StepRecord step;
    step.sketches.push_back(
        {Site::param(0, Role::weight), test::sketch_with_rms(std::log2(s) - 3)});  // 64 units
    const TimeLedger ledger = make_time_ledger(recurrent_info(), step, record);
    ASSERT_EQ(ledger.steps.size(), 100U);
    EXPECT_NEAR(ledger.total, 100 * std::log2(s), kResolution);
    EXPECT_NEAR(ledger.kept, ledger.total, 100 * kResolution);
    EXPECT_NEAR(ledger.total_of(TimeCause::recurrent_weight_scale), 100 * std::log2(s), 1e-9);
    EXPECT_NEAR(ledger.total_of(TimeCause::recurrent_weight_alignment), 0, 100 * kResolution);
    EXPECT_NEAR(ledger.total_of(TimeCause::activation_derivative), 0, 1e-9);
    expect_balances(ledger);
    EXPECT_NEAR(fit_time_scale(ledger).steps_per_efold, -1 / std::log(s),
                0.02 * std::abs(1 / std::log(s)));
  }
}

TEST(TimeLedgerTest, TellsTheDerivativeFromTheWeight) {
  const TimeLedger ledger = make_time_ledger({}, {}, test::decaying_rnn(11, -1.5, -1.0));
  EXPECT_DOUBLE_EQ(ledger.total, -15);
  EXPECT_DOUBLE_EQ(ledger.total_of(TimeCause::activation_derivative), -10);
  EXPECT_DOUBLE_EQ(ledger.total_of(TimeCause::recurrent_weight_scale), -5);
  EXPECT_EQ(ledger.steps.front().t, 10);
  EXPECT_EQ(ledger.steps.back().t, 1);
}

// c alone, f = 1/2: from 2^0 to 2^-(T-1), all of it by the carry; h is read at the last step.
TEST(TimeLedgerTest, AnLstmWithClosedHiddenWaysLosesByItsForgetGate) {
  const auto grad_c = [](std::int64_t t) { return static_cast<double>(t - 20); };
  test::TimeBuilder builder(1, 21);
  builder.put(TimeQuantity::grad_h, [](auto t) { return t == 20 ? 0.0 : -kInfinity; })
      .put(TimeQuantity::grad_c, grad_c)
      .put(TimeQuantity::grad_h_by_carry, [&](auto t) { return grad_c(t) - 1; })
      .put(TimeQuantity::grad_h_by_recurrence, [](auto) { return -kInfinity; });
  const TimeLedger ledger = make_time_ledger({}, {}, builder.record());
  ASSERT_EQ(ledger.steps.size(), 20U);
  EXPECT_DOUBLE_EQ(ledger.total, -20);
  EXPECT_DOUBLE_EQ(ledger.kept, -20);
  EXPECT_DOUBLE_EQ(ledger.total_of(TimeCause::gate_carry), -20);
  EXPECT_DOUBLE_EQ(ledger.total_of(TimeCause::gate_paths), 0);
}

// Carry and gates arrive at different halves of the state: their squares add.
TEST(TimeLedgerTest, TheStateOfAnLstmIsHAndCTogether) {
  test::TimeBuilder builder(1, 2);
  builder.put(TimeQuantity::grad_h, [](auto t) { return t == 1 ? 0.0 : std::log2(3.0); })
      .put(TimeQuantity::grad_c, [](auto) { return 0.0; })
      .put(TimeQuantity::grad_h_by_carry, [](auto) { return std::log2(4.0); })
      .put(TimeQuantity::grad_h_by_recurrence, [](auto) { return std::log2(3.0); });
  const TimeLedger ledger = make_time_ledger({}, {}, builder.record());
  ASSERT_EQ(ledger.steps.size(), 1U);
  EXPECT_NEAR(ledger.total, std::log2(5.0), kResolution);
  EXPECT_NEAR(ledger.steps[0].part(TimeCause::gate_carry), 2, kResolution);
  EXPECT_NEAR(ledger.steps[0].part(TimeCause::gate_paths), std::log2(5.0 / 4), kResolution);
}

// What the books call the gradient of the state is what a chart over time draws.
TEST(TimeLedgerTest, TheStateGradientIsThatOfTheBooks) {
  for (const bool reverse : {false, true}) {
    test::TimeBuilder builder(1, 6, 64, reverse);
    builder.put(TimeQuantity::grad_h, [](auto t) { return 0.5 * static_cast<double>(t % 3); })
        .put(TimeQuantity::grad_c, [](auto) { return 0.0; })
        .put(TimeQuantity::grad_h_by_carry, [](auto t) { return -0.25 * static_cast<double>(t); });
    const std::vector<double> state = state_gradient(builder.record());
    const TimeLedger ledger = make_time_ledger({}, {}, builder.record());
    ASSERT_EQ(state.size(), 6U);
    ASSERT_EQ(ledger.steps.size(), 5U);
    for (const TimeLedgerStep& line : ledger.steps) {
      const auto t = static_cast<std::size_t>(line.t);
      EXPECT_DOUBLE_EQ(state[t], line.log2_grad_out);
      EXPECT_DOUBLE_EQ(state[reverse ? t + 1 : t - 1], line.log2_grad_in);
    }
  }
}

// h_t alone at the last step; before it sqrt(3^2 + 4^2), of what the step after carried to c.
TEST(TimeLedgerTest, TheStateGradientOfAnLstmIsOfHAndC) {
  test::TimeBuilder builder(1, 2);
  builder.put(TimeQuantity::grad_h, [](auto) { return std::log2(3.0); })
      .put(TimeQuantity::grad_c, [](auto) { return 0.0; })
      .put(TimeQuantity::grad_h_by_carry, [](auto t) { return t == 1 ? 2.0 : 9.0; });
  const std::vector<double> state = state_gradient(builder.record());
  ASSERT_EQ(state.size(), 2U);
  EXPECT_NEAR(state[1], std::log2(3.0), kResolution);
  EXPECT_NEAR(state[0], std::log2(5.0), kResolution);
}

// A loss at every step keeps dLoss/dh_t level though nothing is kept from step to step.
TEST(TimeLedgerTest, WhatTheLayersAboveAddIsNotKept) {
  test::TimeBuilder builder(1, 11);
  builder.put(TimeQuantity::grad_h, [](auto) { return 0.0; })
      .put(TimeQuantity::grad_z, [](auto) { return 0.0; })
      .put(TimeQuantity::grad_h_by_recurrence, [](auto) { return -3.0; });
  const TimeLedger ledger = make_time_ledger({}, {}, builder.record());
  EXPECT_DOUBLE_EQ(ledger.total, 0);
  EXPECT_DOUBLE_EQ(ledger.kept, -30);
  EXPECT_DOUBLE_EQ(ledger.total_of(TimeCause::from_above), 30);
  expect_balances(ledger);
}

TEST(TimeLedgerTest, TheReverseDirectionRunsTheOtherWay) {
  test::TimeBuilder builder(1, 5, 8, true);
  builder.put(TimeQuantity::grad_h, [](auto t) { return -2.0 * static_cast<double>(t); });
  const TimeLedger ledger = make_time_ledger({}, {}, builder.record());
  EXPECT_TRUE(ledger.reverse);
  EXPECT_EQ(ledger.last, 0);
  ASSERT_EQ(ledger.steps.size(), 4U);
  EXPECT_EQ(ledger.steps[0].t, 0);
  EXPECT_DOUBLE_EQ(ledger.total, -8);
  EXPECT_DOUBLE_EQ(ledger.total_of(TimeCause::recurrence), -8);
}

TEST(TimeLedgerTest, BooksBeginWhereTheLossSeesTheStateAndEndAtAZero) {
  test::TimeBuilder builder(1, 10);
  builder.put(TimeQuantity::grad_h,
              [](auto t) { return t > 6 || t < 3 ? -kInfinity : static_cast<double>(t); });
  const TimeLedger ledger = make_time_ledger({}, {}, builder.record());
  EXPECT_EQ(ledger.last, 6);
  EXPECT_EQ(ledger.steps.size(), 3U);
  EXPECT_EQ(ledger.ends_at, 2);
  EXPECT_TRUE(ledger.ends_in_zero);
}

// The loss sees the first state alone: its gradient is there, and no step leads to it.
TEST(TimeLedgerTest, AFirstStepAloneHasNoBooks) {
  test::TimeBuilder builder(1, 4);
  builder.put(TimeQuantity::grad_h, [](auto t) { return t == 0 ? -3.0 : -kInfinity; });
  const TimeLedger ledger = make_time_ledger({}, {}, builder.record());
  EXPECT_EQ(ledger.last, 0);
  EXPECT_DOUBLE_EQ(ledger.log2_last, -3);
  EXPECT_TRUE(ledger.steps.empty());
  EXPECT_EQ(ledger.ends_at, -1);
  EXPECT_EQ(ledger.total, 0);
}

TEST(TimeLedgerTest, AGradientThatIsZeroAtEveryStepEndsAtTheFirst) {
  for (const bool reverse : {false, true}) {
    test::TimeBuilder builder(1, 4, 64, reverse);
    builder.put(TimeQuantity::grad_h, [](auto) { return -kInfinity; });
    const TimeLedger ledger = make_time_ledger({}, {}, builder.record());
    EXPECT_EQ(ledger.last, -1);
    EXPECT_EQ(ledger.ends_at, reverse ? 3 : 0);
    EXPECT_TRUE(ledger.ends_in_zero);
    EXPECT_TRUE(ledger.steps.empty());
  }
}

TEST(TimeLedgerTest, ANaNEndsTheBooks) {
  test::TimeBuilder builder(1, 10);
  builder.put(TimeQuantity::grad_h, [](auto t) { return t == 4 ? std::nan("") : 1.0; });
  const TimeLedger ledger = make_time_ledger({}, {}, builder.record());
  EXPECT_EQ(ledger.steps.size(), 4U);
  EXPECT_EQ(ledger.ends_at, 4);
  EXPECT_FALSE(ledger.ends_in_zero);
}

TEST(TimeLedgerTest, AnEmptyRecordHasNoBooks) {
  EXPECT_TRUE(make_time_ledger({}, {}, {}).steps.empty());
}

TEST(TimeSharesTest, AreSquaresOfTheirSum) {
  test::TimeBuilder builder(1, 2);
  builder.put(TimeQuantity::grad_h_by_carry, [](auto) { return -2000 + std::log2(3.0); })
      .put(TimeQuantity::grad_h_by_recurrence, [](auto) { return 50.0; })
      .put(TimeQuantity::grad_h_by_input_gate, [](auto t) { return t == 0 ? -kInfinity : -2000.0; })
      .put(TimeQuantity::grad_h_by_cell_gate, [](auto t) { return t == 0 ? -2000.0 : -kInfinity; });
  const TimeShares shares = time_shares(builder.record());
  ASSERT_EQ(shares.ways.size(), 3U);
  EXPECT_EQ(shares.ways[1], TimeQuantity::grad_h_by_input_gate);
  EXPECT_NEAR(shares.shares[0][0], 0.9, 1e-3);
  EXPECT_EQ(shares.shares[1][0], 0);
  EXPECT_NEAR(shares.shares[1][1], 0.1, 1e-3);
  EXPECT_NEAR(shares.shares[2][0], 0.1, 1e-3);
}

}  // namespace
}  // namespace plumb
