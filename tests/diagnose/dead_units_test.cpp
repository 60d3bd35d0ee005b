// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/dead_units.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/diagnose/rule_test.h"
#include "tests/support/mini_net.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

plumb::Run run_with_dead(std::int64_t width, std::int64_t at_first, std::int64_t later) {
  auto run = test::flat_run(4, width, "relu", 4);
  for (std::size_t s = 0; s < run.steps.size(); ++s) {
    run.steps[s].activations[1].dead_units = s == 0 ? at_first : later;
  }
  return run;
}

TEST(DeadUnitsTest, FiresOnALayerThatIsMoreSilentThanChanceAllows) {
  // Four standard deviations of a Binomial(100, 1/2) above 50 are 70.
  EXPECT_TRUE(test::findings_of(check_dead_units, run_with_dead(100, 69, 69)).empty());
  const plumb::Run run = run_with_dead(100, 71, 71);
  const auto findings = test::findings_of(check_dead_units, run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_EQ(test::path_at(run.info, findings[0].place), "3");
  EXPECT_EQ(findings[0].first_step, 0);
  EXPECT_EQ(test::value_of(findings[0], Quantity::dead_units), 71);
  EXPECT_EQ(test::value_of(findings[0], Quantity::units), 100);
  EXPECT_NEAR(findings[0].evidence[0].threshold, 0.7, 1e-12);
  EXPECT_EQ(findings[0].cause.kind, CauseKind::silent_from_start);
  EXPECT_EQ(test::first_remedy(findings[0]), RemedyKind::set_bias);
}

TEST(DeadUnitsTest, FiresOnUnitsThatDiedInTraining) {
  EXPECT_TRUE(test::findings_of(check_dead_units, run_with_dead(100, 10, 39)).empty());
  const auto findings = test::findings_of(check_dead_units, run_with_dead(100, 10, 41));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].first_step, 1);
  EXPECT_EQ(findings[0].cause.kind, CauseKind::died_in_training);
  EXPECT_EQ(test::value_of(findings[0], Quantity::dead_fraction_at_first), 0.1);
  EXPECT_EQ(test::first_remedy(findings[0]), RemedyKind::lower_rate);
}

// Half of the entries of a healthy relu are zero. Deep down, where all samples look alike, whole
// units are silent for a whole batch, up to half of them.
TEST(DeadUnitsTest, SilentOnDeepHeReluNets) {
  for (const int depth : {3, 30}) {
    test::MiniSpec spec;
    spec.depth = depth;
    EXPECT_TRUE(test::findings_of(check_dead_units, test::run_mini_net(spec)).empty()) << depth;
  }
}

TEST(DeadUnitsTest, SaturatedSigmoidsAreNotDeadRelus) {
  auto run = test::flat_run(4, 100, "sigmoid", 3);
  for (StepRecord& step : run.steps) step.activations[0].dead_units = 100;
  EXPECT_TRUE(test::findings_of(check_dead_units, run).empty());
}

// What may die is a trait of the activation; where it is not known, nothing is said.
TEST(DeadUnitsTest, SilentOnAnActivationOfUnknownTraits) {
  auto run = run_with_dead(100, 100, 100);
  for (LayerInfo& layer : run.info.layers) {
    if (layer.traits) layer.traits->can_die.reset();
  }
  EXPECT_TRUE(test::findings_of(check_dead_units, run).empty());
  for (LayerInfo& layer : run.info.layers) layer.traits.reset();
  EXPECT_TRUE(test::findings_of(check_dead_units, run).empty());
}

TEST(DeadUnitsTest, AWindowWithoutSamplesSaysNothing) {
  auto run = run_with_dead(100, 100, 100);
  for (StepRecord& step : run.steps) step.activations[1].window_samples = 0;
  EXPECT_TRUE(test::findings_of(check_dead_units, run).empty());
}

TEST(DeadUnitsTest, NarrowLayersAreJudgedOnlyWhenWhollyDead) {
  EXPECT_TRUE(test::findings_of(check_dead_units, run_with_dead(8, 7, 7)).empty());
  const auto findings = test::findings_of(check_dead_units, run_with_dead(8, 8, 8));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::critical);
}

}  // namespace
}  // namespace plumb
