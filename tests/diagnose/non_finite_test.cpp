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

void spoil(plumb::Run& run, std::size_t step, const std::string& path, Role role) {
  test::put(run.info, run.steps[step], path, role,
            test::with_nonfinite(test::sketch_with_rms(0), 3));
}

Finding only_finding(const plumb::Run& run) {
  const auto findings = test::findings_of(check_non_finite, run);
  EXPECT_EQ(findings.size(), 1u);
  if (findings.empty()) return {};
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_EQ(findings[0].severity, Severity::critical);
  return findings[0];
}

TEST(NonFiniteTest, NamesTheWeightThatANanWasPutInto) {
  test::MiniSpec spec;
  spec.depth = 5;
  spec.nan_layer = 2;
  spec.nan_step = 3;
  const plumb::Run run = test::run_mini_net(spec);
  const Finding finding = only_finding(run);
  EXPECT_EQ(test::path_at(run.info, finding.place), "4");  // dense layers are 0, 2, 4
  EXPECT_EQ(finding.first_step, 3);
  EXPECT_EQ(finding.place, Place::param(2, Role::weight));
  EXPECT_EQ(test::value_of(finding, Quantity::nonfinite_count), 1);
  EXPECT_EQ(test::value_of(finding, Quantity::value_count), 1024);
  EXPECT_EQ(finding.cause.kind, CauseKind::broken_weight);
  EXPECT_EQ(test::value_of(finding, Quantity::last_finite_step), 2);
}

TEST(NonFiniteTest, SilentOnAFiniteRun) {
  test::MiniSpec spec;
  EXPECT_TRUE(test::findings_of(check_non_finite, test::run_mini_net(spec)).empty());
}

TEST(NonFiniteTest, TheFirstOutputInForwardOrderIsTheProducer) {
  auto run = test::flat_run(4, 32, "relu", 3);
  for (const char* path : {"3", "5"}) spoil(run, 1, path, Role::a);
  for (const char* path : {"2", "4", "6"}) {
    spoil(run, 1, path, Role::grad_z);
    spoil(run, 1, path, Role::update);
  }
  run.steps[1].loss = kNan;
  const Finding finding = only_finding(run);
  EXPECT_EQ(test::path_at(run.info, finding.place), "3");
  EXPECT_EQ(finding.cause.kind, CauseKind::forward_overflow);
}

TEST(NonFiniteTest, AWeightBrokenByThisStepsUpdateIsAVictim) {
  auto run = test::flat_run(4, 32, "relu", 2);
  spoil(run, 1, "4", Role::grad_weight);
  for (const char* path : {"0", "2", "4"}) {
    spoil(run, 1, path, Role::update);
    spoil(run, 1, path, Role::weight);
  }
  const Finding finding = only_finding(run);
  EXPECT_EQ(finding.place, Place::param(2, Role::grad_weight));
  EXPECT_EQ(finding.cause.kind, CauseKind::backward_overflow);
}

TEST(NonFiniteTest, GradientsAreSearchedFromTheLossDown) {
  auto run = test::flat_run(4, 32, "relu", 2);
  for (const char* path : {"0", "2", "4"}) spoil(run, 1, path, Role::grad_z);
  EXPECT_EQ(test::path_at(run.info, only_finding(run).place), "4");
}

TEST(NonFiniteTest, TheDataTheLossAndTheOptimiserCanBeTheProducer) {
  auto data = test::flat_run(3, 32, "relu", 2);
  spoil(data, 0, "input", Role::a);
  spoil(data, 0, "0", Role::z);
  EXPECT_EQ(test::path_at(data.info, only_finding(data).place), "input");
  EXPECT_EQ(only_finding(data).cause.kind, CauseKind::data);

  auto loss = test::flat_run(3, 32, "relu", 2);
  loss.steps[1].loss = kNan;
  for (const char* path : {"4", "2", "0"}) spoil(loss, 1, path, Role::grad_z);
  EXPECT_EQ(only_finding(loss).place, Place::loss());
  EXPECT_EQ(only_finding(loss).cause.kind, CauseKind::loss_overflow);

  auto optimiser = test::flat_run(3, 32, "relu", 2);
  spoil(optimiser, 1, "2", Role::update);
  const Finding finding = only_finding(optimiser);
  EXPECT_EQ(test::path_at(optimiser.info, finding.place), "2");
  EXPECT_EQ(finding.cause.kind, CauseKind::optimiser_overflow);
}

TEST(NonFiniteTest, ANanBetweenMeasuredStepsIsDatedByTheLoss) {
  auto run = test::flat_run(3, 32, "relu", 3);
  run.steps[1].measured = false;
  run.steps[1].loss = kNan;
  run.steps[2].loss = kNan;
  spoil(run, 2, "0", Role::weight);
  spoil(run, 2, "0", Role::z);
  const Finding finding = only_finding(run);
  EXPECT_EQ(finding.first_step, 1);
  EXPECT_EQ(test::value_of(finding, Quantity::nonfinite_loss_step), 1);
  EXPECT_EQ(test::value_of(finding, Quantity::shown_at_step), 2);
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
  const plumb::Run run = test::run_mini_net(spec);
  EXPECT_EQ(test::path_at(run.info, only_finding(run).place), "3.0");
}

// A scaled loss finds its scale by gradients that overflow; the step is dropped and nothing is
// sick.
TEST(NonFiniteTest, GradientsOfADroppedStepAreNoFinding) {
  auto run = test::flat_run(4, 32, "relu", 3);
  spoil(run, 1, "4", Role::grad_z);
  run.steps[1].grad_norm = std::numeric_limits<double>::infinity();
  run.steps[1].skipped = true;
  EXPECT_TRUE(test::findings_of(check_non_finite, run).empty());
  spoil(run, 1, "4", Role::z);
  EXPECT_EQ(only_finding(run).cause.kind, CauseKind::forward_overflow);
}

}  // namespace
}  // namespace plumb
