// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/exploding_through_time.h"

#include <gtest/gtest.h>

#include "tests/diagnose/rule_test.h"
#include "tests/diagnose/time_test.h"

namespace plumb {
namespace {

std::vector<Finding> check(const plumb::Run& run) {
  return test::findings_of(check_exploding_through_time, run);
}

// 1.1 a step over 100 steps: 13781 (a scaled orthogonal linear recurrence).
TEST(ExplodingThroughTimeTest, FiresOnARecurrentWeightAboveOne) {
  const auto run = test::recurrent_run("rnn 64", 3, [](int) {
    return test::decaying_rnn(101, 0.13750352374993, 0, test::kRecurrent);
  });
  const auto findings = check(run);
  ASSERT_EQ(findings.size(), 1u);
  const Finding& finding = findings[0];
  EXPECT_TRUE(test::is_complete(run.info, finding));
  EXPECT_EQ(finding.severity, Severity::critical);
  EXPECT_NEAR(finding.evidence[0].fact.value, 13.75, 0.1);
  EXPECT_LT(finding.evidence[1].fact.value, 0);
  EXPECT_EQ(finding.cause.kind, CauseKind::recurrent_weight);
  EXPECT_EQ(test::first_remedy(finding), RemedyKind::clip_norm);
}

TEST(ExplodingThroughTimeTest, SilentJustBelowTheLimitAndFiresJustAbove) {
  for (const double per_step : {0.0664, 0.0674}) {  // kept to 2^-10: 68 and 69 of 1024 at t = 99
    const auto findings = check(test::recurrent_run(
        "rnn 64", 3, [=](int) { return test::decaying_rnn(100, per_step, 0, test::kRecurrent); }));
    ASSERT_EQ(findings.size(), per_step > 0.067 ? 1u : 0u);
    if (!findings.empty()) {
      EXPECT_EQ(findings[0].severity, Severity::warning);
    }
  }
}

TEST(ExplodingThroughTimeTest, SilentOnADecay) {
  EXPECT_TRUE(check(test::recurrent_run("rnn 64", 3, [](int) {
                return test::decaying_rnn(100, -1, 0, test::kRecurrent);
              })).empty());
}

}  // namespace
}  // namespace plumb
