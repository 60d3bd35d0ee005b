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

// How many times the entropy of four classes the loss is, at 4, 20 and 100.
TEST(OutputScaleTest, SeverityIsThatOfTheLoss) {
  const auto found_at = [](double ratio) { return found(run_of(ratio * std::log(4.0), 8)); };
  EXPECT_TRUE(found_at(3.9).empty());
  EXPECT_EQ(found_at(4.1).at(0).severity, Severity::note);
  EXPECT_EQ(found_at(19.9).at(0).severity, Severity::note);
  EXPECT_EQ(found_at(20.1).at(0).severity, Severity::warning);
  EXPECT_EQ(found_at(99).at(0).severity, Severity::warning);
  EXPECT_EQ(found_at(101).at(0).severity, Severity::critical);
}

TEST(OutputScaleTest, TakesLargeOutputsAtTheStart) {
  EXPECT_TRUE(found(run_of(200, std::log2(2.9))).empty());
  EXPECT_EQ(found(run_of(200, std::log2(3.1))).size(), 1u);
  auto later = run_of(200, 8);
  for (StepRecord& step : later.steps) ++step.step;
  EXPECT_TRUE(found(later).empty());
  auto other = run_of(200, 8);
  other.info.loss = "mse";
  EXPECT_TRUE(found(other).empty());
}

// rms(weight) sqrt(16) of 4 and more, or a bias of half of the output.
TEST(OutputScaleTest, BlamesTheWeightOrTheBias) {
  for (const double gain : {3.9, 4.1}) {
    auto run = run_of(200, 8);
    test::put_rms(run.info, run.steps[0], "4", Role::weight, std::log2(gain / 4));
    ASSERT_EQ(found(run).size(), gain > 4 ? 1u : 0u);
    for (const Finding& finding : found(run)) {
      EXPECT_EQ(finding.cause.kind, CauseKind::large_weight);
      EXPECT_NEAR(test::value_of(finding, Quantity::gain), gain, 1e-9);
    }
  }
  for (const double bias : {127, 129}) {
    auto run = run_of(200, 8);
    run.info.params.push_back({.path = "4.bias",
                               .name = "bias",
                               .use = ParamUse::bias,
                               .users = {test::id_of(run.info, "4")},
                               .count = 16});
    const double values[] = {bias, -bias};
    run.steps[0].sketches.push_back({Site::param(3, Role::weight), test::sketch_of(values)});
    EXPECT_EQ(found(run).at(0).cause.kind,
              bias > 128 ? CauseKind::large_bias : CauseKind::large_weight);
  }
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
