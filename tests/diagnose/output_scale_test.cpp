// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/output_scale.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/diagnose/rule_test.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

plumb::Run run_of(double loss, double log2_output) {
  plumb::Run run = test::flat_run(3, 16, "relu", 3);
  run.info.loss = "cross_entropy";
  run.info.data_info = test::data_of(40, {}, {}, {10, 10, 10, 10});
  for (StepRecord& step : run.steps) {
    step.loss = loss;
    test::put_rms(run.info, step, "4", Role::z, log2_output);
    test::put_rms(run.info, step, "4", Role::weight, 2);
  }
  return run;
}

std::vector<Finding> found(const plumb::Run& run) {
  return test::findings_of(check_output_scale, run);
}

TEST(OutputScaleTest, FiresWhereTheLossStartsFarAboveTheBestConstantAnswer) {
  const auto run = run_of(200, 8);
  const auto findings = found(run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_EQ(findings[0].severity, Severity::critical);
  EXPECT_EQ(test::path_at(run.info, findings[0].place), "4");
  EXPECT_NEAR(test::value_of(findings[0], Quantity::loss_over_baseline), 200 / std::log(4.0), 1e-9);
}

TEST(OutputScaleTest, SilentOnAnOrdinaryStart) {
  EXPECT_TRUE(found(run_of(1.9, 0.3)).empty());
  EXPECT_TRUE(found(run_of(60, 0)).empty()) << "wrong answers that are not large";
}

TEST(OutputScaleTest, SilentWhereTheLastLayerIsAsLargeAsOthers) {
  auto run = run_of(60, 6);
  for (StepRecord& step : run.steps) test::put_rms(run.info, step, "4", Role::weight, -2);
  EXPECT_TRUE(found(run).empty());
}

TEST(OutputScaleTest, SilentWhereTheDataAreTheCause) {
  auto run = run_of(60, 6);
  run.info.data_info->inputs.assign(4, {"", 127, 60, 0, 255});
  EXPECT_EQ(test::find_rule(diagnose(run), "output_scale"), nullptr);
  EXPECT_NE(test::find_rule(diagnose(run), "input_scale"), nullptr);
}

// A head of a few times the usual size is unlearned in the first steps.
TEST(OutputScaleTest, ALittleTooLargeIsANote) {
  const auto findings = found(run_of(10, 4));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::note);
  EXPECT_EQ(found(run_of(40, 5))[0].severity, Severity::warning);
}

}  // namespace
}  // namespace plumb
