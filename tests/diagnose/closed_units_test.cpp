// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/closed_units.h"

#include <gtest/gtest.h>

#include "tests/diagnose/rule_test.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

/// A chain of `kind` whose second layer gets a bias of `bias`, on a z of deviation 1, and passes
/// 2^log2_derivative.
plumb::Run run_with(const std::string& kind, double bias, double log2_derivative) {
  plumb::Run run = test::flat_run(4, 16, kind, 3);
  const LayerId layer = test::id_of(run.info, "2");
  run.info.params.push_back(
      {.path = "2.bias", .name = "bias", .use = ParamUse::bias, .users = {layer}, .count = 16});
  const auto param = static_cast<ParamId>(run.info.params.size()) - 1;
  const double z[] = {bias - 1, bias + 1};
  const double b[] = {bias, bias};
  for (StepRecord& step : run.steps) {
    test::put(run.info, step, "2", Role::z, test::sketch_of(z));
    step.sketches.push_back({Site::param(param, Role::weight), test::sketch_of(b)});
    step.activations[1].log2_rms_derivative = log2_derivative;
  }
  return run;
}

std::vector<Finding> found(const plumb::Run& run) {
  return test::findings_of(check_closed_units, run);
}

TEST(ClosedUnitsTest, NamesTheBiasThatShutsALayer) {
  const auto run = run_with("gelu", -6, -20);
  const auto findings = found(run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_EQ(findings[0].severity, Severity::critical);
  EXPECT_EQ(test::path_at(run.info, findings[0].place), "3");
  EXPECT_EQ(findings[0].cause.kind, CauseKind::large_bias);
  EXPECT_EQ(run.info.param(findings[0].cause.place.id).path, "2.bias");
  EXPECT_EQ(test::first_remedy(findings[0]), RemedyKind::set_bias);
}

TEST(ClosedUnitsTest, FiresOnEveryKindThatClosesBelowZero) {
  EXPECT_EQ(found(run_with("elu", -5, -7)).size(), 1u);
  EXPECT_EQ(found(run_with("leaky_relu", -5, -6.6)).size(), 1u);
  EXPECT_TRUE(found(run_with("tanh", -5, -7)).empty()) << "it closes at both sides";
}

// What passes on the left is less than 0.4 of what passes on the right, whatever that is.
TEST(ClosedUnitsTest, WhichSideIsClosedIsARatioOfSlopes) {
  const auto with_slopes = [](double low, double high) {
    plumb::Run run = run_with("gelu", -6, -20);
    for (LayerInfo& layer : run.info.layers) {
      if (!layer.traits) continue;
      layer.traits->low_slope = low;
      layer.traits->high_slope = high;
    }
    return found(run).size();
  };
  for (const double high : {0.25, 1.0, 3.0}) {
    EXPECT_EQ(with_slopes(0.39 * high, high), 1u) << high;
    EXPECT_EQ(with_slopes(0.41 * high, high), 0u) << high;
  }
}

TEST(ClosedUnitsTest, SilentWhereUnitsAreOpenOrAnotherThingShutsThem) {
  EXPECT_TRUE(found(run_with("gelu", 0, -0.5)).empty());
  EXPECT_TRUE(found(run_with("gelu", -6, -0.5)).empty());
  auto run = run_with("gelu", -6, -20);
  for (StepRecord& step : run.steps) {
    const double none[] = {0, 0};
    step.sketches.back().sketch = test::sketch_of(none);
  }
  EXPECT_TRUE(found(run).empty()) << "a bias of zero";
}

// Open at the start: no other start keeps it open, a smaller step does.
TEST(ClosedUnitsTest, WhatTrainingShutsIsNoFaultOfTheStart) {
  plumb::Run run = run_with("gelu", -6, -20);
  const double open[] = {-1, 1};
  test::put(run.info, run.steps.front(), "2", Role::z, test::sketch_of(open));
  run.steps.front().activations[1].log2_rms_derivative = -0.5;
  const auto findings = found(run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_EQ(findings[0].first_step, run.steps.back().step);
  EXPECT_EQ(test::first_remedy(findings[0]), RemedyKind::lower_rate);
}

TEST(ClosedUnitsTest, AScaleNextToZeroIsNamed) {
  auto run = test::flat_run(4, 16, "relu", 2);
  const LayerId layer = test::id_of(run.info, "1");
  LayerInfo& norm = run.info.layers[static_cast<std::size_t>(layer)];
  norm.family = LayerFamily::normalisation;
  norm.traits.reset();
  run.info.params.push_back({.path = "1.weight",
                             .name = "weight",
                             .use = ParamUse::scale,
                             .users = {layer},
                             .count = 16});
  const auto param = static_cast<ParamId>(run.info.params.size()) - 1;
  const double small[] = {0.01, 0.01};
  for (StepRecord& step : run.steps) {
    step.sketches.push_back({Site::param(param, Role::weight), test::sketch_of(small)});
  }
  const auto findings = found(run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_EQ(findings[0].cause.kind, CauseKind::norm_scale);
  const double one[] = {1, 1};
  for (StepRecord& step : run.steps) step.sketches.back().sketch = test::sketch_of(one);
  EXPECT_TRUE(found(run).empty());
}

}  // namespace
}  // namespace plumb
