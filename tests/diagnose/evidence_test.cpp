// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "plumb/diagnose/rules/stalled_layer.h"
#include "plumb/diagnose/rules/vanishing_gradient.h"
#include "tests/diagnose/sick_runs.h"

namespace plumb {
namespace {

/// On which side of its threshold a quantity is sick: below it, above it, or beyond it, away from
/// zero in its direction.
enum class Sick : std::uint8_t { below, above, beyond, within };

Sick sense_of(Quantity quantity) {
  switch (quantity) {
    case Quantity::flow_log2:
    case Quantity::flow_log2_per_layer:
    case Quantity::odd_log2:
    case Quantity::time_kept_log2: return Sick::beyond;
    case Quantity::time_steps_per_efold: return Sick::within;
    case Quantity::weight_rms_log2:
    case Quantity::small_input_rms:
    case Quantity::small_target_rms:
    case Quantity::outputs:
    case Quantity::values_normalised:
    case Quantity::units_left:
    case Quantity::directions:
    case Quantity::few_directions:
    case Quantity::closed_log2:
    case Quantity::shift_in_deviations:
    case Quantity::scale_rms:
    case Quantity::pace_log2:
    case Quantity::relative_pace_log2:
    case Quantity::moved_log2:
    case Quantity::weight_change_log2:
    case Quantity::fastest_pace_log2:
    case Quantity::validation_accuracy:
    case Quantity::inference_accuracy: return Sick::below;
    default: return Sick::above;
  }
}

bool is_on_its_side(const Evidence& evidence) {
  const double value = evidence.fact.value, limit = evidence.threshold;
  switch (sense_of(evidence.fact.quantity)) {
    case Sick::below: return value <= limit;
    case Sick::above: return value >= limit;
    case Sick::beyond: return limit < 0 ? value <= limit : value >= limit;
    case Sick::within: return limit < 0 ? value < 0 && value >= limit : value > 0 && value <= limit;
  }
  return false;
}

void expect_evidence_that_agrees(const std::string& name, const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    EXPECT_FALSE(finding.evidence.empty()) << name << ": " << finding.rule;
    for (const Evidence& one : finding.evidence) {
      EXPECT_TRUE(is_on_its_side(one))
          << name << ": " << finding.rule << " rests on " << to_string(one.fact.quantity) << " = "
          << one.fact.value << " against " << one.threshold;
    }
  }
}

TEST(EvidenceTest, IsOnTheSideOfItsThresholdThatMadeTheFinding) {
  for (const auto& [name, run] : test::sick_runs()) {
    expect_evidence_that_agrees(name, diagnose(run));
  }
}

// Whose updates a float loses, near enough to the others.
TEST(EvidenceTest, OfRoundingIsThePaceItself) {
  auto run = test::flat_run(5, 16, "tanh", 4);
  for (StepRecord& step : run.steps) {
    for (const char* path : {"2", "4", "6", "8"})
      test::put_rms(run.info, step, path, Role::update, -20);
    test::put_rms(run.info, step, "0", Role::update, -28);
  }
  const auto findings = test::findings_of(check_stalled_layer, run);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].evidence[0].fact.quantity, Quantity::pace_log2);
  EXPECT_EQ(findings[0].evidence[0].threshold, kRoundedAwayLog2);
  EXPECT_NEAR(test::value_of(findings[0], Quantity::relative_pace_log2), -8, 1e-9);
  expect_evidence_that_agrees("rounding", findings);
}

// A factor of 1000 over so many layers that each is within what is allowed to one.
TEST(EvidenceTest, OfMuchInAllIsTheWhole) {
  test::MiniSpec spec;
  spec.depth = 70;
  spec.gain *= 0.88;
  spec.steps = 1;
  const auto findings = test::findings_of(check_vanishing_gradient, test::run_mini_net(spec));
  ASSERT_EQ(findings.size(), 1U);
  expect_evidence_that_agrees("deep", findings);
  EXPECT_EQ(findings[0].evidence.size(), 1U);
  EXPECT_EQ(findings[0].evidence[0].threshold, -kFlowLog2Extreme);
  EXPECT_TRUE(test::is_complete(test::run_mini_net(spec).info, findings[0]));
}

}  // namespace
}  // namespace plumb
