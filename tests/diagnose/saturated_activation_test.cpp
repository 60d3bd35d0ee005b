// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/saturated_activation.h"

#include <gtest/gtest.h>

#include "tests/diagnose/rule_test.h"
#include "tests/support/mini_net.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

TEST(SaturatedActivationTest, FiresOnTanhWithLargeWeightsAndBlamesThem) {
  test::MiniSpec spec;
  spec.activation = "tanh";
  spec.gain = 6;
  spec.depth = 5;
  const auto findings = test::findings_of(check_saturated_activation, test::run_mini_net(spec));
  ASSERT_EQ(findings.size(), 1u);  // five layers, one finding
  EXPECT_TRUE(test::is_complete(findings[0]));
  EXPECT_EQ(findings[0].path, "1");
  EXPECT_TRUE(test::contains(findings[0].symptom, "5 layers"));
  EXPECT_TRUE(test::contains(findings[0].cause, "The weight is too large"));
}

TEST(SaturatedActivationTest, BlamesInputsThatWereNotScaled) {
  test::MiniSpec spec;
  spec.activation = "tanh";
  spec.gain = 1;
  spec.depth = 3;
  spec.input_scale = 30;
  const auto findings = test::findings_of(check_saturated_activation, test::run_mini_net(spec));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::contains(findings[0].cause, "The input is too large"));
}

TEST(SaturatedActivationTest, SilentOnTanhAtFiveThirds) {
  test::MiniSpec spec;
  spec.activation = "tanh";
  spec.gain = 5.0 / 3;
  EXPECT_TRUE(test::findings_of(check_saturated_activation, test::run_mini_net(spec)).empty());
}

// Half of the derivatives of a healthy relu are 0, and those of a bad one nearly all: still not
// saturation.
TEST(SaturatedActivationTest, NeverSpeaksOfUnboundedActivations) {
  auto run = test::flat_run(4, 32, "relu", 3);
  for (StepRecord& step : run.steps) {
    for (ActivationRecord& record : step.activations) record.saturated_fraction = 0.95;
  }
  EXPECT_TRUE(test::findings_of(check_saturated_activation, run).empty());
}

TEST(SaturatedActivationTest, FiresAtHalfAndIsSilentJustBelow) {
  for (const double fraction : {0.49, 0.51}) {
    auto run = test::flat_run(4, 32, "sigmoid", 3);
    for (StepRecord& step : run.steps) step.activations[1].saturated_fraction = fraction;
    EXPECT_EQ(test::findings_of(check_saturated_activation, run).size(), fraction > 0.5 ? 1u : 0u);
  }
}

TEST(SaturatedActivationTest, AnOutputThatIsSureOfItselfIsNotSick) {
  auto run = test::flat_run(3, 32, "sigmoid", 3);
  run.info.layers.push_back(test::activation_info("5", "sigmoid", 3, 32));
  for (StepRecord& step : run.steps) step.activations.push_back({"5", -4, 0.99, 1, 32, 0, 1000});
  EXPECT_TRUE(test::findings_of(check_saturated_activation, run).empty());
}

}  // namespace
}  // namespace plumb
