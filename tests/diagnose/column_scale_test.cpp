// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/column_scale.h"

#include <gtest/gtest.h>

#include "tests/diagnose/rule_test.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

/// A relu net of three layers on two columns, whose loss starts where the best constant answer is.
plumb::Run run_on(const std::vector<ColumnInfo>& columns, double first_loss = 1.1) {
  plumb::Run run = test::flat_run(3, 16, "relu", 3);
  run.info.loss = "cross_entropy";
  run.info.data_info = test::data_of(300, columns, {}, {100, 100, 100});
  run.info.baseline = Baseline{.loss = 1.0986};
  for (StepRecord& step : run.steps) step.loss = first_loss;
  return run;
}

std::vector<Finding> found(const plumb::Run& run) {
  return test::findings_of(check_column_scale, run);
}

TEST(ColumnScaleTest, NamesTheColumnThatOutweighsTheOthers) {
  const auto run = run_on({{"ratio", 0.5, 0.3, 0, 1}, {"amount", 800, 290, 300, 1300}}, 92.4);
  const auto findings = found(run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_EQ(findings[0].severity, Severity::critical);
  EXPECT_EQ(test::value_of(findings[0], Quantity::column_number), 1);
  EXPECT_NEAR(test::value_of(findings[0], Quantity::column_factor), 1459, 1);
  EXPECT_EQ(test::first_remedy(findings[0]), RemedyKind::scale_inputs);
  EXPECT_TRUE(test::contains(words_of(run.info, findings, findings[0]).symptom,
                             "Column 'amount' of the inputs is 1.46e+03 times as large"));
}

TEST(ColumnScaleTest, AColumnAloneIsAWarningEvenWhereTheLossStartsLow) {
  std::vector<ColumnInfo> columns(20, {"", 0, 1, -3, 3});
  columns[3] = {"", 0, 3000, -9000, 9000};
  const auto findings = found(run_on(columns, 1.3));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::warning);
  EXPECT_EQ(test::value_of(findings[0], Quantity::column_number), 3);
}

// Ten times as large as the rest, and larger than 1.
TEST(ColumnScaleTest, JudgesTheFactorAndTheSize) {
  const auto with_column = [](double size, double others) {
    return found(run_on({{"a", 0, others, -1, 1}, {"b", 0, size, -9, 9}, {"c", 0, others, -1, 1}}))
        .size();
  };
  EXPECT_EQ(with_column(10.5, 1), 1u);
  EXPECT_EQ(with_column(9.5, 1), 0u);
  EXPECT_EQ(with_column(1.05, 0.01), 1u);
  EXPECT_EQ(with_column(0.95, 0.01), 0u);
}

TEST(ColumnScaleTest, SilentBehindANormalisationOfTheInputs) {
  auto run = run_on({{"a", 0, 1, -3, 3}, {"b", 500, 100, 0, 900}}, 50);
  LayerInfo& first = run.info.layers[1];
  first.family = LayerFamily::normalisation;
  first.depth = 0;
  first.running_momentum = 0.1;
  EXPECT_TRUE(found(run).empty());
}

TEST(ColumnScaleTest, SilentOnColumnsOfOneSize) {
  EXPECT_TRUE(found(run_on({{"a", 0, 1, -3, 3}, {"b", 5, 3, 0, 9}})).empty());
  EXPECT_TRUE(found(run_on({{"a", 0, 1e-5, -1, 1}, {"b", 0.5, 0.3, 0, 1}})).empty())
      << "a tiny column does no harm";
}

}  // namespace
}  // namespace plumb
