// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/symmetric_units.h"

#include <gtest/gtest.h>

#include "tests/diagnose/rule_test.h"
#include "tests/support/mini_net.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

void repeat_rows(StepRecord& step, std::size_t layer, std::int64_t rows) {
  step.symmetries[layer].duplicate_units = rows;
}

TEST(SymmetricUnitsTest, FiresOnConstantAndOnZeroWeights) {
  for (const double weight : {0.1, 0.0}) {
    test::MiniSpec spec;
    spec.depth = 5;
    spec.constant_weight = weight;
    const auto run = test::run_mini_net(spec);
    const auto findings = test::findings_of(check_symmetric_units, run);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_TRUE(test::is_complete(run.info, findings[0]));
    EXPECT_EQ(findings[0].severity, Severity::critical);
    EXPECT_EQ(test::path_at(run.info, findings[0].place), "0");
    EXPECT_EQ(findings[0].evidence[0].fact.value, 31);
    EXPECT_EQ(test::value_of(findings[0], Quantity::units), 32);
    EXPECT_EQ(findings[0].cause.kind, weight == 0 ? CauseKind::zero_rows : CauseKind::equal_start);
  }
}

TEST(SymmetricUnitsTest, SilentOnRandomWeights) {
  test::MiniSpec spec;
  EXPECT_TRUE(test::findings_of(check_symmetric_units, test::run_mini_net(spec)).empty());
}

// A constant layer below random ones: its rows differ after the first update.
TEST(SymmetricUnitsTest, SilentOnSymmetryThatTheFirstUpdateBreaks) {
  auto run = test::flat_run(4, 16, "relu", 3);
  repeat_rows(run.steps[0], 1, 15);
  EXPECT_TRUE(test::findings_of(check_symmetric_units, run).empty());
  run.steps.resize(1);
  EXPECT_TRUE(test::findings_of(check_symmetric_units, run).empty());
  repeat_rows(run.steps[0], 2, 15);
  EXPECT_EQ(test::findings_of(check_symmetric_units, run).size(), 1u);
}

// The rows of a zero output layer get different gradients, since their targets differ.
TEST(SymmetricUnitsTest, SilentOnTheOutputLayer) {
  auto run = test::flat_run(4, 16, "relu", 3);
  for (StepRecord& step : run.steps) repeat_rows(step, 3, 15);
  EXPECT_TRUE(test::findings_of(check_symmetric_units, run).empty());
}

TEST(SymmetricUnitsTest, AFewEqualUnitsAreANote) {
  auto run = test::flat_run(4, 101, "relu", 3);
  for (StepRecord& step : run.steps) repeat_rows(step, 1, 2);
  const auto findings = test::findings_of(check_symmetric_units, run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::note);
}

}  // namespace
}  // namespace plumb
