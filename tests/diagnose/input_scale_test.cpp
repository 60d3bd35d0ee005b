// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/input_scale.h"

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
  return test::findings_of(check_input_scale, run);
}

TEST(InputScaleTest, BytesAreJudgedByWhatTheyDo) {
  const std::vector<ColumnInfo> bytes(20, {"", 127, 60, 0, 255});
  const auto high = found(run_on(bytes, 80));
  ASSERT_EQ(high.size(), 1u);
  EXPECT_EQ(high[0].severity, Severity::critical);
  EXPECT_EQ(high[0].cause.kind, CauseKind::data);
  const auto low = found(run_on(bytes, 1.2));
  ASSERT_EQ(low.size(), 1u);
  EXPECT_EQ(low[0].severity, Severity::note);
}

TEST(InputScaleTest, SilentOnOrdinaryColumns) {
  EXPECT_TRUE(found(run_on({{"a", 0, 1, -3, 3}, {"b", 0.5, 0.3, 0, 1}})).empty());
  // Centimetres of a flower: all of one size.
  EXPECT_TRUE(
      found(run_on({{"", 5.8, 0.8, 4, 8}, {"", 3, 0.4, 2, 4}, {"", 3.7, 1.8, 1, 7}})).empty());
  EXPECT_TRUE(found(run_on({})).empty());
}

TEST(InputScaleTest, TinyInputsAreAWarning) {
  const auto findings = found(run_on({{"a", 0, 1e-3, -1, 1}, {"b", 0, 1e-3, -1, 1}}));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::warning);
}

TEST(InputScaleTest, SilentBehindANormalisationOfTheInputs) {
  auto run = run_on({{"a", 300, 1, -3, 3}, {"b", 500, 100, 0, 900}}, 50);
  LayerInfo& first = run.info.layers[1];
  first.family = LayerFamily::normalisation;
  first.depth = 0;
  first.running_momentum = 0.1;
  EXPECT_TRUE(found(run).empty());
}

}  // namespace
}  // namespace plumb
