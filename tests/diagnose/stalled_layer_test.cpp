// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/stalled_layer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/diagnose/rule_test.h"
#include "tests/support/mini_net.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

constexpr double kZero = -std::numeric_limits<double>::infinity();

/// Layer "0" moves by 2^relative of what the others do, in the given steps.
plumb::Run run_with_slow_layer(double relative, std::size_t first, std::size_t last,
                               std::size_t steps = 6) {
  auto run = test::flat_run(5, 16, "tanh", static_cast<int>(steps));
  for (std::size_t s = first; s <= last; ++s) {
    test::put_rms(run.info, run.steps[s], "0", Role::update, -9 + relative);
  }
  return run;
}

TEST(StalledLayerTest, FiresOnALayerAThousandTimesSlowerThanTheMedian) {
  EXPECT_TRUE(test::findings_of(check_stalled_layer, run_with_slow_layer(-9.9, 0, 5)).empty());
  const auto run = run_with_slow_layer(-10.1, 0, 5);
  const auto findings = test::findings_of(check_stalled_layer, run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_EQ(test::path_at(run.info, findings[0].place), "0");
  EXPECT_NEAR(findings[0].evidence[0].fact.value, -10.1, 1e-9);
}

TEST(StalledLayerTest, FiresOnTheFirstLayersOfADeepSigmoidNet) {
  test::MiniSpec spec;
  spec.activation = "sigmoid";
  spec.gain = 1;
  spec.depth = 20;
  const auto findings = test::findings_of(check_stalled_layer, test::run_mini_net(spec));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::critical);
}

// The branch layers below a zero one have no gradient in step 0 and then do.
TEST(StalledLayerTest, SilentOnALayerThatStandsStillForOneStep) {
  EXPECT_TRUE(test::findings_of(check_stalled_layer, run_with_slow_layer(kZero, 0, 0)).empty());
  EXPECT_TRUE(test::findings_of(check_stalled_layer, run_with_slow_layer(kZero, 0, 0, 1)).empty());
}

TEST(StalledLayerTest, SilentWhenAllLayersSlowDownNearTheOptimum) {
  auto run = test::flat_run(5, 16, "tanh", 10);
  for (std::size_t s = 4; s < 10; ++s) {
    for (const char* path : {"0", "2", "4", "6", "8"}) {
      test::put_rms(run.info, run.steps[s], path, Role::update, -40);
    }
  }
  EXPECT_TRUE(test::findings_of(check_stalled_layer, run).empty());
}

TEST(StalledLayerTest, FloatUpdatesThatRoundingErasesAreStalled) {
  auto run = test::flat_run(5, 16, "tanh", 4);
  for (StepRecord& step : run.steps) {
    for (const char* path : {"2", "4", "6", "8"})
      test::put_rms(run.info, step, path, Role::update, -20);
    test::put_rms(run.info, step, "0", Role::update,
                  -28);  // 2^-26 of the weight, 2^-8 of the others
  }
  EXPECT_EQ(test::findings_of(check_stalled_layer, run).size(), 1u);
  run.info.precision = "double";
  EXPECT_TRUE(test::findings_of(check_stalled_layer, run).empty());
}

TEST(StalledLayerTest, ARateFarTooSmallIsOneFindingForTheWholeNetwork) {
  test::MiniSpec spec;
  spec.depth = 4;
  spec.learning_rate = 1e-9;
  const auto findings = test::findings_of(check_stalled_layer, test::run_mini_net(spec));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].place, Place{});
  EXPECT_EQ(findings[0].cause.kind, CauseKind::small_rate);
}

TEST(StalledLayerTest, WeightDecayDoesNotPassForLearning) {
  test::MiniSpec spec;
  spec.activation = "sigmoid";
  spec.gain = 1;
  spec.depth = 20;
  spec.weight_decay = 0.01;
  const auto findings = test::findings_of(check_stalled_layer, test::run_mini_net(spec));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].cause.kind, CauseKind::only_weight_decay);
}

// Frozen on purpose: it moves by nothing, and that is what was asked.
TEST(StalledLayerTest, SilentOnALayerThatIsFrozen) {
  auto run = run_with_slow_layer(kZero, 0, 5);
  EXPECT_EQ(test::findings_of(check_stalled_layer, run).size(), 1u);
  run.info.params[0].frozen = true;
  EXPECT_TRUE(test::findings_of(check_stalled_layer, run).empty());
}

TEST(StalledLayerTest, AProbeWithoutUpdatesSaysNothing) {
  auto run = test::flat_run(5, 16, "tanh", 1);
  std::erase_if(run.steps[0].sketches,
                [](const SketchRecord& r) { return r.site.role == Role::update; });
  EXPECT_TRUE(test::findings_of(check_stalled_layer, run).empty());
}

}  // namespace
}  // namespace plumb
