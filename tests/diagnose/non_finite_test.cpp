// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/non_finite.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/diagnose/rule_test.h"
#include "tests/support/mini_net.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

void spoil(StepRecord& step, const std::string& path, Role role) {
  test::put(step, path, role, test::with_nonfinite(test::sketch_with_rms(0), 3));
}

Finding only_finding(const plumb::Run& run) {
  const auto findings = test::findings_of(check_non_finite, run);
  EXPECT_EQ(findings.size(), 1u);
  if (findings.empty()) return {};
  EXPECT_TRUE(test::is_complete(findings[0]));
  EXPECT_EQ(findings[0].severity, Severity::critical);
  return findings[0];
}

TEST(NonFiniteTest, NamesTheWeightThatANanWasPutInto) {
  test::MiniSpec spec;
  spec.depth = 5;
  spec.nan_layer = 2;
  spec.nan_step = 3;
  const Finding finding = only_finding(test::run_mini_net(spec));
  EXPECT_EQ(finding.path, "4");  // dense layers are 0, 2, 4
  EXPECT_EQ(finding.first_step, 3);
  EXPECT_TRUE(test::contains(finding.symptom, "the weight of layer 3 at step 3: 1 of 1024 values"));
  EXPECT_TRUE(test::contains(finding.cause, "step 2"));
}

TEST(NonFiniteTest, SilentOnAFiniteRun) {
  test::MiniSpec spec;
  EXPECT_TRUE(test::findings_of(check_non_finite, test::run_mini_net(spec)).empty());
}

TEST(NonFiniteTest, TheFirstOutputInForwardOrderIsTheProducer) {
  auto run = test::flat_run(4, 32, "relu", 3);
  for (const char* path : {"3", "5"}) spoil(run.steps[1], path, Role::a);
  for (const char* path : {"2", "4", "6"}) {
    spoil(run.steps[1], path, Role::grad_z);
    spoil(run.steps[1], path, Role::update);
  }
  run.steps[1].loss = kNan;
  const Finding finding = only_finding(run);
  EXPECT_EQ(finding.path, "3");
  EXPECT_TRUE(test::contains(finding.cause, "it is made there"));
}

TEST(NonFiniteTest, AWeightBrokenByThisStepsUpdateIsAVictim) {
  auto run = test::flat_run(4, 32, "relu", 2);
  spoil(run.steps[1], "4", Role::grad_weight);
  for (const char* path : {"0", "2", "4"}) {
    spoil(run.steps[1], path, Role::update);
    spoil(run.steps[1], path, Role::weight);
  }
  const Finding finding = only_finding(run);
  EXPECT_TRUE(test::contains(finding.symptom, "the weight gradient of layer 3"));
  EXPECT_TRUE(test::contains(finding.cause, "backward pass"));
}

TEST(NonFiniteTest, GradientsAreSearchedFromTheLossDown) {
  auto run = test::flat_run(4, 32, "relu", 2);
  for (const char* path : {"0", "2", "4"}) spoil(run.steps[1], path, Role::grad_z);
  EXPECT_EQ(only_finding(run).path, "4");
}

TEST(NonFiniteTest, TheDataTheLossAndTheOptimiserCanBeTheProducer) {
  auto data = test::flat_run(3, 32, "relu", 2);
  spoil(data.steps[0], "input", Role::a);
  spoil(data.steps[0], "0", Role::z);
  EXPECT_EQ(only_finding(data).path, "input");

  auto loss = test::flat_run(3, 32, "relu", 2);
  loss.steps[1].loss = kNan;
  for (const char* path : {"4", "2", "0"}) spoil(loss.steps[1], path, Role::grad_z);
  EXPECT_EQ(only_finding(loss).path, "loss");

  auto optimiser = test::flat_run(3, 32, "relu", 2);
  spoil(optimiser.steps[1], "2", Role::update);
  const Finding finding = only_finding(optimiser);
  EXPECT_EQ(finding.path, "2");
  EXPECT_TRUE(test::contains(finding.cause, "the optimiser makes it"));
}

TEST(NonFiniteTest, ANanBetweenMeasuredStepsIsDatedByTheLoss) {
  auto run = test::flat_run(3, 32, "relu", 3);
  run.steps[1].measured = false;
  run.steps[1].loss = kNan;
  run.steps[2].loss = kNan;
  spoil(run.steps[2], "0", Role::weight);
  spoil(run.steps[2], "0", Role::z);
  const Finding finding = only_finding(run);
  EXPECT_EQ(finding.first_step, 1);
  EXPECT_TRUE(test::contains(finding.symptom, "not finite from step 1 on"));
}

TEST(NonFiniteTest, AGradientNormThatWasNotTakenIsNoNan) {
  auto run = test::flat_run(3, 32, "relu", 3);
  run.steps[1].measured = false;
  run.steps[1].grad_norm = kNan;
  EXPECT_TRUE(test::findings_of(check_non_finite, run).empty());
  run.steps[1].grad_norm = std::numeric_limits<double>::infinity();
  EXPECT_EQ(only_finding(run).first_step, 1);
}

TEST(NonFiniteTest, LayersOfABranchComeBeforeTheirBlock) {
  test::MiniSpec spec;
  spec.residual = true;
  spec.depth = 4;
  spec.nan_layer = 3;  // 0, 2.0, 2.2, 3.0
  spec.nan_step = 1;
  EXPECT_EQ(only_finding(test::run_mini_net(spec)).path, "3.0");
}

}  // namespace
}  // namespace plumb
