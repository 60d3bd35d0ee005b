// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <type_traits>

#include "plumb/diagnose/diagnosis.h"
#include "plumb/diagnose/rule.h"
#include "plumb/diagnose/words/verdict.h"
#include "tests/diagnose/rule_test.h"
#include "tests/support/mini_net.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

// It refers to the run.
static_assert(!std::is_constructible_v<RunView, Run&&>);
static_assert(std::is_constructible_v<RunView, const Run&>);
static_assert(!std::is_constructible_v<RunView, RunInfo&&>);
static_assert(!std::is_constructible_v<Diagnosis, Run&&>);
static_assert(!std::is_constructible_v<Diagnosis, RunInfo&&>);

TEST(RuleTableTest, EveryRuleHasANameOfItsOwn) {
  std::set<std::string_view> ids;
  for (const RuleEntry& rule : rule_table()) {
    ids.insert(rule.id);
    EXPECT_FALSE(rule.summary.empty());
  }
  EXPECT_EQ(ids.size(), rule_table().size());
}

TEST(DiagnoseTest, ARunWithoutMeasuredStepsHasNoFindings) {
  plumb::Run run;
  EXPECT_TRUE(diagnose(run).empty());
  run.steps.resize(3);
  EXPECT_TRUE(diagnose(run).empty());
  EXPECT_TRUE(test::contains(verdict(run, {}), "Nothing was measured"));
}

TEST(DiagnoseTest, ANetworkOfOneLayerOrNoneIsHandled) {
  const plumb::Run one = test::flat_run(1, 16, "relu", 3);
  EXPECT_TRUE(diagnose(one).empty());
  EXPECT_EQ(Diagnosis(one).outcome(), Outcome::too_early);
  plumb::Run run;
  run.steps.resize(2);
  for (StepRecord& step : run.steps) step.measured = true;
  EXPECT_TRUE(diagnose(run).empty());
}

TEST(DiagnoseTest, HealthyNetIsSilentAndTheVerdictSaysWhatWasSeen) {
  test::MiniSpec spec;
  const auto run = test::run_mini_net(spec);
  const auto findings = diagnose(run);
  EXPECT_TRUE(findings.empty());
  const std::string words = verdict(run, findings);
  EXPECT_TRUE(test::contains(words, "Nothing wrong was found in 6 measured steps"));
  EXPECT_TRUE(test::contains(words, "from layer 11 of 11 to layer 1"));
}

TEST(DiagnoseTest, SigmoidNetHasOneRootAndItsConsequence) {
  test::MiniSpec spec;
  spec.activation = "sigmoid";
  spec.gain = 1;
  spec.depth = 20;
  const auto run = test::run_mini_net(spec);
  const auto findings = diagnose(run);
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].rule, "vanishing_gradient");
  EXPECT_EQ(findings[0].severity, Severity::critical);
  EXPECT_FALSE(findings[0].is_explained());
  EXPECT_EQ(findings[1].rule, "stalled_layer");
  EXPECT_TRUE(findings[1].is_explained());
  EXPECT_LT(findings[1].severity, findings[0].severity);
  EXPECT_EQ(findings[1].explained_by, findings[0].id);
  EXPECT_TRUE(test::contains(words_of(run.info, findings, findings[1]).cause,
                             "This follows from vanishing_gradient at layer 1."));
  const std::string words = verdict(run, findings);
  EXPECT_FALSE(test::contains(words, "stalled_layer"));
  EXPECT_TRUE(test::contains(words, "First thing to try: replace sigmoid"));
}

TEST(DiagnoseTest, AnOverflowIsExplainedByTheExplosionBeforeIt) {
  test::MiniSpec spec;
  spec.gain = 2 * std::sqrt(2.0);
  spec.depth = 30;
  const auto findings = diagnose(test::run_mini_net(spec));
  ASSERT_GE(findings.size(), 2u);
  EXPECT_EQ(findings[0].rule, "exploding_gradient");
  const Finding* nan = test::find_rule(findings, "non_finite");
  ASSERT_NE(nan, nullptr);
  EXPECT_EQ(nan->severity, Severity::critical);
  EXPECT_TRUE((*nan).is_explained());
}

TEST(DiagnoseTest, UnitsThatDieAfterTooLargeStepsAreExplainedByThem) {
  test::MiniSpec spec;
  spec.depth = 5;
  spec.learning_rate = 3;
  spec.steps = 20;
  const auto findings = diagnose(test::run_mini_net(spec));
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].rule, "update_too_large");
  EXPECT_EQ(findings[0].severity, Severity::critical);
  for (std::size_t i = 1; i < findings.size(); ++i) {
    EXPECT_TRUE(findings[i].is_explained()) << findings[i].rule;
  }
}

TEST(DiagnoseTest, ZeroWeightsAreTheRootOfAllThatFollows) {
  test::MiniSpec spec;
  spec.depth = 5;
  spec.constant_weight = 0;
  const auto findings = diagnose(test::run_mini_net(spec));
  ASSERT_GE(findings.size(), 2u);
  EXPECT_EQ(findings[0].rule, "symmetric_units");
  for (std::size_t i = 1; i < findings.size(); ++i) {
    EXPECT_TRUE(findings[i].is_explained()) << findings[i].rule;
  }
}

TEST(DiagnoseTest, ACauseCannotBeginAfterItsEffect) {
  // Dead from the start, too large steps later: the one does not explain the other.
  auto run = test::flat_run(5, 100, "relu", 6);
  for (StepRecord& step : run.steps) step.activations[1].dead_units = 90;
  for (std::size_t s = 4; s < 6; ++s) {
    for (const char* path : {"0", "2", "4", "6", "8"}) {
      test::put_rms(run.info, run.steps[s], path, Role::update, -3);
    }
  }
  const auto findings = diagnose(run);
  ASSERT_EQ(findings.size(), 2u);
  for (const Finding& finding : findings) EXPECT_FALSE(finding.is_explained()) << finding.rule;
}

TEST(DiagnoseTest, GivesTheSameAnswerTwice) {
  test::MiniSpec spec;
  spec.activation = "sigmoid";
  spec.gain = 1;
  const auto run = test::run_mini_net(spec);
  EXPECT_EQ(verdict(run, diagnose(run)), verdict(run, diagnose(run)));
}

}  // namespace
}  // namespace plumb
