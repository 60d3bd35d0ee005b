// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/input_scale.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/diagnose/rule_test.h"
#include "tests/support/loss_course.h"
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
  if (!columns.empty()) {
    const double squares =
        columns[0].mean * columns[0].mean + columns[0].deviation * columns[0].deviation;
    test::put_rms(run.info, run.steps[0], run.info.layers[0].path, Role::a, std::log2(squares) / 2);
  }
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

// One row in a hundred is a thousand times larger, and none of them came in the first batch.
TEST(InputScaleTest, AFewRowsThatHoldItAllAreAWarning) {
  const std::vector<ColumnInfo> columns(20, {"", 0, 100, -3000, 3000});
  for (const bool first_batch_has_one : {false, true}) {
    auto run = run_on(columns, 1.2);
    test::put_rms(run.info, run.steps[0], run.info.layers[0].path, Role::a,
                  first_batch_has_one ? 6.6 : 0);
    const auto findings = found(run);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].severity, first_batch_has_one ? Severity::note : Severity::warning);
  }
}

// The list of layers is in no order.
TEST(InputScaleTest, TheInputIsFoundWhereverItStands) {
  const std::vector<ColumnInfo> columns(20, {"", 0, 100, -3000, 3000});
  auto run = run_on(columns, 1.2);
  const auto last = static_cast<LayerId>(run.info.layers.size());
  run.info.layers.push_back(run.info.layers[0]);
  run.info.layers[0] = test::dense_info("beside", 1, 20, 16);
  run.info.layers[0].inputs = {{last}};
  run.info.layers[1].inputs = {{last}};
  run.info.outputs = {last - 1};
  for (StepRecord& step : run.steps) {
    for (SketchRecord& record : step.sketches) {
      if (record.site.id == 0 && !record.site.is_of_parameter()) record.site.id = last;
    }
    test::put_rms(run.info, step, "beside", Role::z, 6.6);
  }
  EXPECT_EQ(found(run)[0].severity, Severity::note);
  test::put_rms(run.info, run.steps[0], "input", Role::a, 0);
  EXPECT_EQ(found(run)[0].severity, Severity::warning);
}

TEST(InputScaleTest, SilentOnOrdinaryColumns) {
  EXPECT_TRUE(found(run_on({{"a", 0, 1, -3, 3}, {"b", 0.5, 0.3, 0, 1}})).empty());
  // Centimetres of a flower: all of one size.
  EXPECT_TRUE(
      found(run_on({{"", 5.8, 0.8, 4, 8}, {"", 3, 0.4, 2, 4}, {"", 3.7, 1.8, 1, 7}})).empty());
  EXPECT_TRUE(found(run_on({})).empty());
}

// As ratios near 1: no size is wrong, and the samples hardly differ.
TEST(InputScaleTest, InputsFarFromZeroAsAgainstWhatTheyVaryAreAWarning) {
  for (const double deviation : {0.12, 0.08}) {
    const auto run = run_on({{"a", 1, deviation, 0, 2}, {"b", 1, deviation, 0, 2}});
    const auto findings = found(run);
    ASSERT_EQ(findings.size(), deviation < 0.1 ? 1u : 0u);
    if (findings.empty()) continue;
    EXPECT_EQ(findings[0].severity, Severity::warning);
    EXPECT_TRUE(test::is_complete(run.info, findings[0]));
    EXPECT_TRUE(test::contains(words_of(run.info, findings, findings[0]).symptom,
                               "12.5 times as far from 0"));
  }
}

TEST(InputScaleTest, LessIsEnoughWhereTheNetworkLearnsBadly) {
  const std::vector<ColumnInfo> columns(4, {"", -3.5, 1, -6, 0});
  for (const double end : {0.3, 0.9}) {
    auto run = test::with_losses(run_on(columns), 200, {1.1, end});
    run.info.baseline = Baseline{.loss = 1.0986};
    EXPECT_EQ(found(run).size(), end > 0.5 ? 1u : 0u) << end;
  }
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
