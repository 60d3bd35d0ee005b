// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/saturated_gate.h"

#include <gtest/gtest.h>

#include "tests/diagnose/rule_test.h"
#include "tests/diagnose/time_test.h"

namespace plumb {
namespace {

TimeRecord gate_of(TimeQuantity gate, double low, double high) {
  test::TimeBuilder builder(test::kRecurrent, 20);
  builder.put(TimeQuantity::grad_h, [](auto) { return 0.0; }).put_gate(gate, 0.5, low, high);
  return builder.record();
}

plumb::Run run_of(TimeQuantity gate, double low, double high) {
  return test::recurrent_run("lstm 64", 3, [=](int) { return gate_of(gate, low, high); });
}

std::vector<Finding> check(TimeQuantity gate, double low, double high) {
  return test::findings_of(check_saturated_gate, run_of(gate, low, high));
}

TEST(SaturatedGateTest, FiresOnCandidatesInBothEnds) {
  for (const TimeQuantity gate :
       {TimeQuantity::cell_gate, TimeQuantity::new_gate, TimeQuantity::h}) {
    const auto findings = check(gate, 0.3, 0.3);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_TRUE(test::is_complete(run_of(gate, 0.3, 0.3).info, findings[0]));
    EXPECT_EQ(findings[0].severity, Severity::warning);
    EXPECT_NEAR(findings[0].evidence[0].fact.value, 0.6, 1e-4);
    EXPECT_TRUE(check(gate, 0.24, 0.25).empty());
  }
  EXPECT_EQ(check(TimeQuantity::cell_gate, 0.5, 0.45)[0].severity, Severity::critical);
}

TEST(SaturatedGateTest, FiresOnAMuteCellAndOnOneThatForgetsAtOnce) {
  for (const TimeQuantity gate : {TimeQuantity::output_gate, TimeQuantity::forget_gate}) {
    EXPECT_EQ(check(gate, 0.6, 0).size(), 1u);
    EXPECT_TRUE(check(gate, 0.4, 0.6).empty());
  }
}

// Chrono initialisation for 784 steps puts nine in ten of the gates there.
TEST(SaturatedGateTest, AMemoryIsNoFinding) {
  EXPECT_TRUE(check(TimeQuantity::forget_gate, 0, 0.9).empty());
  EXPECT_TRUE(check(TimeQuantity::input_gate, 0.9, 0).empty());
  EXPECT_TRUE(check(TimeQuantity::update_gate, 0, 0.9).empty());
}

}  // namespace
}  // namespace plumb
