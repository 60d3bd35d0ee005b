// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/zero_start.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "plumb/diagnose/rules/stalled_layer.h"
#include "plumb/diagnose/rules/vanishing_gradient.h"
#include "tests/diagnose/rule_test.h"
#include "tests/support/mini_net.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

constexpr double kZero = -std::numeric_limits<double>::infinity();

/// Six residual blocks as Fixup starts them: the output layer and the end of each branch at zero.
test::MiniSpec fixup(int steps) {
  test::MiniSpec spec;
  spec.depth = 7;
  spec.residual = true;
  spec.branch_scale = 1 / std::sqrt(6.0);
  spec.zero_output = true;
  spec.zero_branch_ends = true;
  spec.steps = steps;
  return spec;
}

TEST(ZeroStartTest, ANetworkThatFixupStartedIsLeftInPeace) {
  for (const double rate : {0.001, 0.01, 0.1}) {
    for (const int steps : {2, 3, 4, 30}) {
      test::MiniSpec spec = fixup(steps);
      spec.learning_rate = rate;
      const auto findings = diagnose(test::run_mini_net(spec));
      EXPECT_TRUE(findings.empty()) << rate << ", " << steps << " steps: " << findings[0].rule;
    }
  }
}

TEST(ZeroStartTest, AnOutputLayerThatStaysAtZeroIsNamed) {
  test::MiniSpec frozen = fixup(6);
  frozen.frozen_output = true;
  frozen.zero_branch_ends = false;
  test::MiniSpec no_rate = frozen;
  no_rate.frozen_output = false;
  no_rate.learning_rate = 0;
  for (const test::MiniSpec& spec : {frozen, no_rate}) {
    const auto run = test::run_mini_net(spec);
    const auto findings = diagnose(run);
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(findings[0].rule, "vanishing_gradient");
    EXPECT_EQ(findings[0].severity, Severity::critical);
    EXPECT_EQ(test::path_at(run.info, findings[0].place), "8");
    EXPECT_EQ(findings[0].last_step, 5);
    EXPECT_EQ(findings[0].cause.kind, CauseKind::zero_weight);
  }
}

// All below the zero layer is sick, which its zeros may not cover up.
TEST(ZeroStartTest, SigmoidLayersBelowAZeroOutputLayerAreStillNamed) {
  test::MiniSpec spec;
  spec.activation = "sigmoid";
  spec.gain = 1;
  spec.depth = 15;
  spec.zero_output = true;
  const auto run = test::run_mini_net(spec);
  const auto findings = test::findings_of(check_vanishing_gradient, run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::critical);
  EXPECT_EQ(findings[0].first_step, 1);
  EXPECT_EQ(test::path_at(run.info, findings[0].place), "0");
}

// One step alone cannot tell, and silence would pass for health.
TEST(ZeroStartTest, AProbeSaysThatItSawNothingBelow) {
  const auto run = test::run_mini_net(fixup(1));
  const auto findings = test::findings_of(check_vanishing_gradient, run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_EQ(findings[0].severity, Severity::note);
  EXPECT_EQ(test::path_at(run.info, findings[0].place), "8");
  EXPECT_TRUE(test::findings_of(check_stalled_layer, run).empty());
}

// Without a gradient of its own it will not leave zero: its input is zero as well.
TEST(ZeroStartTest, AProbeOfALayerThatCannotLeaveZeroIsCritical) {
  test::MiniSpec spec;
  spec.constant_weight = 0;
  spec.depth = 3;
  spec.steps = 1;
  const auto findings = test::findings_of(check_vanishing_gradient, test::run_mini_net(spec));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::critical);
}

TEST(ZeroStartTest, LeavingZeroEndsAtTheFloorAndWhereTheWeightStopsGrowing) {
  auto run = test::flat_run(3, 16, "tanh", 6);  // floor: log2(1/8)
  const double weights[] = {kZero, -9, -6, -6, -4, -2};
  const bool leaving[] = {true, true, true, false, true, false};
  for (std::size_t s = 0; s < 6; ++s) {
    test::put_rms(run.info, run.steps[s], "4", Role::weight, weights[s]);
  }
  const RunView view(run);
  const LayerId first = test::id_of(run.info, "0");
  const LayerId last = test::id_of(run.info, "4");
  for (std::size_t s = 0; s < 6; ++s) {
    const LeavingZero& layers = view.measured()[s].leaving_zero;
    EXPECT_EQ(layers.is_leaving(last), leaving[s]) << s;
    EXPECT_EQ(layers.is_upstream(first), leaving[s]) << s;
    EXPECT_FALSE(layers.is_upstream(last)) << s;
  }
}

// What waits behind the end of a branch is the rest of that branch, and nothing below the block.
TEST(ZeroStartTest, ABranchEndHoldsUpItsBranchAlone) {
  test::MiniSpec spec = fixup(2);
  spec.zero_output = false;
  const plumb::Run run = test::run_mini_net(spec);
  const RunView view(run);
  const MeasuredStep& step = view.measured()[0];
  EXPECT_TRUE(step.leaving_zero.is_leaving(test::id_of(run.info, "2.2")));
  EXPECT_TRUE(step.leaving_zero.is_upstream(test::id_of(run.info, "2.0")));
  EXPECT_FALSE(step.leaving_zero.is_upstream(test::id_of(run.info, "0")));
  EXPECT_FALSE(step.leaving_zero.is_upstream(test::id_of(run.info, "2")));
  EXPECT_TRUE(step.flow.known);
}

}  // namespace
}  // namespace plumb
