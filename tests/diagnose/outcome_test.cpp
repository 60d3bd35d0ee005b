// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/outcome.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "plumb/diagnose/words/verdict.h"
#include "tests/diagnose/sick_runs.h"

namespace plumb {
namespace {

TEST(OutcomeTest, JoinsFlowAndLearning) {
  const std::map<std::string, Outcome> right{
      {"sigmoid", Outcome::sick},
      {"at its baseline", Outcome::not_learning},
      {"learned", Outcome::healthy},
      {"converged", Outcome::converged},
      {"a loss that comes back", Outcome::sick},
      {"learned by heart", Outcome::healthy},
      {"slow running statistics", Outcome::sick},
      {"a large first step without harm", Outcome::healthy},
      {"a large first step that did harm", Outcome::not_learning}};
  std::size_t found = 0;
  for (const auto& [name, run] : test::sick_runs()) {
    const auto it = right.find(name);
    if (it == right.end()) continue;
    ++found;
    EXPECT_EQ(to_string(Diagnosis(run).outcome()), to_string(it->second)) << name;
  }
  EXPECT_EQ(found, right.size());
}

// A probe sees the start alone.
TEST(OutcomeTest, AProbeIsNeverHealthyAndNeverAFailure) {
  plumb::Run run = test::flat_run(4, 32, "relu", 1);
  run.info.kind = "probe";
  EXPECT_EQ(Diagnosis(run).outcome(), Outcome::too_early);
}

TEST(OutcomeTest, TheFirstWordsNameTheDisease) {
  for (const auto& [name, run] : test::sick_runs()) {
    const Diagnosis diagnosis(run);
    const std::vector<Finding>& findings = diagnosis.findings();
    if (findings.empty() || findings.front().severity == Severity::note) continue;
    EXPECT_TRUE(verdict(diagnosis).starts_with(disease_name(findings.front().rule) + ": ")) << name;
  }
  EXPECT_EQ(disease_name("vanishing_gradient"), "Vanishing gradient");
}

TEST(OutcomeTest, EveryLayerIsReachedOnlyIfItIs) {
  plumb::Run run = test::flat_run(6, 32, "relu", 3);
  EXPECT_TRUE(test::contains(verdict(Diagnosis(run)), "reaches every layer"));
  for (StepRecord& step : run.steps) {
    test::put_rms(run.info, step, "0", Role::grad_z, kReachesLog2 - 0.5);
  }
  const std::string words = verdict(Diagnosis(run));
  EXPECT_TRUE(test::contains(words, "keeps 0.088 times")) << words;
  EXPECT_FALSE(test::contains(words, "reaches every layer")) << words;
}

}  // namespace
}  // namespace plumb
