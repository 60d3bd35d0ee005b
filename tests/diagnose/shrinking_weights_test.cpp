// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/shrinking_weights.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/diagnose/rule_test.h"
#include "tests/support/mini_net.h"

namespace plumb {
namespace {

plumb::Run decaying(double rate, double decay, int steps) {
  test::MiniSpec spec;
  spec.depth = 4;
  spec.learning_rate = rate;
  spec.weight_decay = decay;
  spec.steps = steps;
  return test::run_mini_net(spec);
}

TEST(ShrinkingWeightsTest, NamesDecayThatTakesTheWeights) {
  const plumb::Run run = decaying(0.1, 0.5, 80);
  const auto findings = test::findings_of(check_shrinking_weights, run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_EQ(findings[0].severity, Severity::critical);
  EXPECT_EQ(findings[0].cause.kind, CauseKind::weight_decay);
  EXPECT_NEAR(test::value_of(findings[0], Quantity::decay_fraction), 0.05, 1e-3);
  EXPECT_NEAR(test::value_of(findings[0], Quantity::weight_decay), 0.5, 0.01);
  EXPECT_EQ(test::first_remedy(findings[0]), RemedyKind::lower_weight_decay);
  // What fades with the weights follows from them.
  const auto all = diagnose(run);
  EXPECT_EQ(all[0].rule, "shrinking_weights");
  for (std::size_t i = 1; i < all.size(); ++i) EXPECT_TRUE(all[i].is_explained()) << all[i].rule;
}

TEST(ShrinkingWeightsTest, SilentAtTheUsualDecays) {
  for (const double decay : {0.0, 1e-4, 1e-3, 5e-3}) {
    EXPECT_TRUE(test::findings_of(check_shrinking_weights, decaying(0.1, decay, 80)).empty())
        << decay;
  }
}

}  // namespace
}  // namespace plumb
