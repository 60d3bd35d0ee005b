// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/vanishing_through_time.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/diagnose/rule_test.h"
#include "tests/diagnose/time_test.h"

namespace plumb {
namespace {

std::vector<Finding> check(const plumb::Run& run) {
  return test::findings_of(check_vanishing_through_time, run);
}

// PyTorch's start: the recurrent weight's gain is 1/sqrt(3), and f' of a tanh near 1.
TEST(VanishingThroughTimeTest, FiresOnAPlainRecurrenceAndBlamesItsWeight) {
  const auto run = test::recurrent_run(
      "rnn 64", 3, [](int) { return test::decaying_rnn(100, -0.87, -0.08, test::kRecurrent); });
  const auto findings = check(run);
  ASSERT_EQ(findings.size(), 1u);
  const Finding& finding = findings[0];
  EXPECT_TRUE(test::is_complete(run.info, finding));
  EXPECT_EQ(finding.severity, Severity::critical);
  EXPECT_EQ(test::path_at(run.info, finding.place), "r");
  EXPECT_NEAR(finding.evidence[0].fact.value, -0.87 * 99, 0.1);
  EXPECT_NEAR(finding.evidence[1].fact.value, 1 / (0.87 * std::log(2.0)), 0.02);
  EXPECT_NEAR(finding.evidence[1].threshold, 99 / std::log(1000.0), 0.02);
  EXPECT_EQ(test::value_of(finding, Quantity::time_steps_crossed), 99);
  EXPECT_EQ(test::value_of(finding, Quantity::memory_steps), 7);
  EXPECT_EQ(finding.cause.kind, CauseKind::recurrent_weight);
  EXPECT_NEAR(test::value_of(finding, Quantity::recurrent_weight_log2_per_step) +
                  test::value_of(finding, Quantity::recurrent_alignment_log2_per_step),
              -0.79, 1e-2);
  ASSERT_EQ(test::first_remedy(finding), RemedyKind::gated_cell);
  EXPECT_EQ(*finding.remedies[0].number("chrono"), 100);
  const FindingWords words = words_of(run.info, findings, finding);
  EXPECT_TRUE(test::contains(words.cause, "multiplies by 0.58")) << words.cause;
  EXPECT_TRUE(test::contains(words.consequence, "last 8 time steps")) << words.consequence;
  EXPECT_TRUE(test::contains(words.consequence, "rounding of a float"));
}

TEST(VanishingThroughTimeTest, BlamesTheDerivativeOfASaturatedTanh) {
  const auto findings = check(test::recurrent_run("rnn 64", 3, [](int) {
    TimeRecord record = test::decaying_rnn(100, -0.87, -1.5, test::kRecurrent);
    record.series.push_back({TimeQuantity::h, TimeStatistic::mean, std::vector<float>(100, 0)});
    record.series.push_back(
        {TimeQuantity::h, TimeStatistic::low_fraction, std::vector<float>(100, 0.3F)});
    record.series.push_back(
        {TimeQuantity::h, TimeStatistic::high_fraction, std::vector<float>(100, 0.3F)});
    return record;
  }));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].cause.kind, CauseKind::recurrent_derivative);
  EXPECT_NEAR(test::value_of(findings[0], Quantity::gate_flat_fraction), 0.6, 1e-4);
  EXPECT_EQ(test::first_remedy(findings[0]), RemedyKind::scale_inputs);
}

// A factor of 1000 is 2^-9.966: 0.099 of an octave a step fits into 100 steps and 0.102 does not.
TEST(VanishingThroughTimeTest, SilentJustAboveTheLimitAndFiresJustBelow) {
  for (const double per_step : {-0.099609375, -0.1025390625}) {
    const auto findings = check(test::recurrent_run(
        "rnn 64", 3, [=](int) { return test::decaying_rnn(100, per_step, 0, test::kRecurrent); }));
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
  EXPECT_EQ(findings[0].cause.kind, CauseKind::gate_carry);
  EXPECT_NEAR(test::value_of(findings[0], Quantity::gate_mean), 0.731, 1e-3);
  EXPECT_NEAR(test::value_of(findings[0], Quantity::gate_carry_log2_per_step), -1 / 2.21, 1e-3);
  ASSERT_EQ(test::first_remedy(findings[0]), RemedyKind::open_gate);
  EXPECT_EQ(*findings[0].remedies[0].number("chrono"), 50);
  EXPECT_EQ(findings[0].severity, Severity::warning);  // 2^-22 is still above a float's rounding
}

TEST(VanishingThroughTimeTest, WhatTrainingMendsIsANote) {
  const auto findings = check(test::recurrent_run(
      "lstm 64", 6, [](int step) { return test::carrying_lstm(100, step < 2 ? 0.5 : 0.99); }));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::note);
  EXPECT_EQ(findings[0].last_step, 1);
  EXPECT_TRUE(findings[0].over);
}

// A loss at every time step keeps the gradient level; what is kept from one to the next still
// decays.
TEST(VanishingThroughTimeTest, LooksThroughWhatTheLayersAboveAdd) {
  const auto findings = check(test::recurrent_run("rnn 64", 2, [](int) {
    test::TimeBuilder builder(test::kRecurrent, 100);
    builder.put(TimeQuantity::grad_h, [](auto) { return 0.0; })
        .put(TimeQuantity::grad_z, [](auto) { return -0.1; })
        .put(TimeQuantity::grad_h_by_recurrence, [](auto) { return -1.0; });
    return builder.record();
  }));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_NEAR(findings[0].evidence[0].fact.value, -99, 1e-6);
}

TEST(VanishingThroughTimeTest, SaysThatTruncationEndsTheGradient) {
  const auto cut = [](int) {
    test::TimeBuilder builder(test::kRecurrent, 100);
    builder.put(TimeQuantity::grad_h,
                [](auto t) { return t < 80 ? -std::numeric_limits<double>::infinity() : 0.0; });
    return builder.record();
  };
  CellFacts cell;
  cell.truncated_steps = 20;
  const auto findings = check(test::recurrent_run("rnn 64", 2, cut, cell));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(test::value_of(findings[0], Quantity::time_ends_at), 79);
  EXPECT_EQ(test::value_of(findings[0], Quantity::time_steps), 100);
  EXPECT_EQ(findings[0].cause.kind, CauseKind::truncation);
  EXPECT_EQ(test::first_remedy(findings[0]), RemedyKind::raise_truncation);
  // The text of a layer is for people: a cell that says so in words alone was not cut.
  EXPECT_EQ(check(test::recurrent_run("rnn 64 bptt=20", 2, cut))[0].cause.kind,
            CauseKind::gradient_is_zero);
}

// The layers above feed every step; from one of them to the one before it nothing comes back.
TEST(VanishingThroughTimeTest, NamesTheStepFromWhichNothingComesBack) {
  for (const bool reverse : {false, true}) {
    const auto run = test::recurrent_run("rnn 64", 2, [=](int) {
      test::TimeBuilder builder(test::kRecurrent, 100, 64, reverse);
      builder.put(TimeQuantity::grad_h, [](auto) { return 0.0; })
          .put(TimeQuantity::grad_h_by_recurrence,
               [](auto t) { return t == 40 ? -std::numeric_limits<double>::infinity() : 0.0; });
      return builder.record();
    });
    const auto findings = check(run);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].cause.kind, CauseKind::gradient_is_zero);
    EXPECT_EQ(test::value_of(findings[0], Quantity::nothing_back_from), 40);
    EXPECT_EQ(findings[0].cause.place.reverse, reverse);
  }
}

// What was done already is no advice.
TEST(VanishingThroughTimeTest, LeavesOutWhatTheCellHas) {
  CellFacts cell;
  cell.orthogonal_start = true;
  cell.identity_start = true;
  const auto rnn = check(test::recurrent_run(
      "rnn 64", 3, [](int) { return test::decaying_rnn(100, -0.87, -0.08, test::kRecurrent); },
      cell));
  ASSERT_EQ(rnn.size(), 1u);
  ASSERT_EQ(rnn[0].remedies.size(), 3u);
  EXPECT_EQ(rnn[0].remedies[1].kind, RemedyKind::orthogonal_recurrence);
  EXPECT_NE(rnn[0].remedies[1].number("keep"), nullptr);
  EXPECT_EQ(rnn[0].remedies[2].kind, RemedyKind::none_needed);
  cell.memory_steps = 100;
  const auto lstm = check(test::recurrent_run(
      "lstm 64", 2, [](int) { return test::carrying_lstm(50, 0.7); }, cell));
  ASSERT_EQ(lstm.size(), 1u);
  EXPECT_EQ(test::first_remedy(lstm[0]), RemedyKind::shorten_sequence);
}

TEST(VanishingThroughTimeTest, SilentWithoutRecurrentLayersAndOnAStateTheLossDoesNotSee) {
  EXPECT_TRUE(check(test::flat_run(3, 16, "relu", 3)).empty());
  EXPECT_TRUE(check(test::recurrent_run("rnn 64", 2, [](int) {
                test::TimeBuilder builder(test::kRecurrent, 100);
                builder.put(TimeQuantity::grad_h,
                            [](auto) { return -std::numeric_limits<double>::infinity(); });
                return builder.record();
              })).empty());
}

TEST(VanishingThroughTimeTest, ARecurrentWeightOfZerosIsNamed) {
  auto run = test::recurrent_run("rnn 64", 3, [](int) {
    test::TimeBuilder builder(test::kRecurrent, 10);
    const auto none = [](std::int64_t t) {
      return t == 9 ? 0.0 : -std::numeric_limits<double>::infinity();
    };
    builder.put(TimeQuantity::grad_h, none)
        .put(TimeQuantity::grad_z, none)
        .put(TimeQuantity::grad_h_by_recurrence,
             [](auto) { return -std::numeric_limits<double>::infinity(); });
    return builder.record();
  });
  run.info.params.push_back({.path = "r.weight_hh_l0",
                             .name = "weight_hh_l0",
                             .use = ParamUse::recurrent_weight,
                             .users = {test::kRecurrent},
                             .count = 16});
  const auto param = static_cast<ParamId>(run.info.params.size()) - 1;
  for (const double value : {0.0, 0.5}) {
    const double values[] = {value, value};
    for (StepRecord& step : run.steps) {
      step.sketches.push_back({Site::param(param, Role::weight), test::sketch_of(values)});
    }
    const auto findings = test::findings_of(check_vanishing_through_time, run);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_TRUE(test::is_complete(run.info, findings[0]));
    EXPECT_EQ(findings[0].cause.kind,
              value == 0 ? CauseKind::zero_weight : CauseKind::gradient_is_zero);
    for (StepRecord& step : run.steps) step.sketches.pop_back();
  }
}

}  // namespace
}  // namespace plumb
