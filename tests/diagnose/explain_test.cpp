// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/explain.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "tests/diagnose/rule_test.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

struct Planted {
  std::string rule;
  std::int64_t first_step = 0;
  CauseKind cause = CauseKind::unknown;
  Place place = Place::layer(1);
};

/// Two faults side by side, and whether the second follows from the first.
struct Pair {
  Planted root, symptom;
  bool follows = false;
  bool adaptive = false;
};

std::vector<Finding> explained(const std::vector<Planted>& planted, bool adaptive = false) {
  plumb::Run run = test::flat_run(4, 16, "relu", 3);
  run.info.optimiser_info.emplace();
  if (adaptive) run.info.optimiser_info->beta2 = 0.999;
  std::vector<Finding> findings;
  for (const Planted& one : planted) {
    Finding finding;
    finding.id = static_cast<int>(findings.size());
    finding.rule = one.rule;
    finding.first_step = one.first_step;
    finding.cause.kind = one.cause;
    finding.place = finding.cause.place = one.place;
    findings.push_back(finding);
  }
  explain(RunView(run), findings);
  return findings;
}

TEST(ExplainTest, ALossThatIsNoNumberBeforeAnyUpdateIsNotOfTheUpdates) {
  for (const bool at_first : {true, false}) {
    plumb::Run run = test::flat_run(4, 16, "relu", 3);
    for (StepRecord& step : run.steps) step.loss = 1;
    run.steps[at_first ? 0 : 1].loss = std::numeric_limits<double>::quiet_NaN();
    std::vector<Finding> findings(2);
    findings[0].rule = "update_too_large";
    findings[1].rule = "non_finite";
    findings[1].id = 1;
    findings[1].first_step = at_first ? 0 : 1;
    explain(RunView(run), findings);
    EXPECT_EQ(findings[0].explained_by.has_value(), at_first);
    EXPECT_EQ(findings[1].explained_by.has_value(), !at_first);
  }
}

TEST(ExplainTest, WhatCanMakeWhat) {
  const Planted equal{"symmetric_units", 0, CauseKind::equal_start};
  const Planted fast{"update_too_large", 0, CauseKind::learning_rate};
  const Planted vanishes{"vanishing_gradient", 0, CauseKind::weight_scale};
  const Planted explodes{"exploding_gradient", 0, CauseKind::weight_scale};
  const Planted decays{"shrinking_weights", 0, CauseKind::weight_decay};
  const Place whole;
  const std::vector<Pair> pairs = {
      // An equal start owes nothing to the rate, and the large steps come of it.
      {equal, fast, true},
      {fast, {"symmetric_units", 3, CauseKind::equal_start}, false},
      // Units die by the steps before, in the same measured step or a later one.
      {fast, {"dead_units", 0, CauseKind::died_in_training}, true},
      {fast, {"dead_units", 4, CauseKind::died_in_training}, true},
      {fast, {"dead_units", 4, CauseKind::silent_from_start}, false},
      {{"update_too_large", 4}, {"dead_units", 0, CauseKind::died_in_training}, false},
      // A rate that is too small is nobody's fault but its own.
      {vanishes, {"stalled_layer", 0, CauseKind::small_rate, whole}, false},
      {vanishes, {"stalled_layer", 0, CauseKind::clipping, whole}, false},
      {vanishes, {"stalled_layer", 0, CauseKind::small_gradient, whole}, true},
      {vanishes, {"stalled_layer", 0, CauseKind::small_gradient}, true},
      {{"dead_units", 0}, {"stalled_layer", 0, CauseKind::small_rate, whole}, false},
      // One batch ends the gradient at units that only a window of batches shows to be silent.
      {{"dead_units", 3, CauseKind::silent_from_start},
       {"vanishing_gradient", 0, CauseKind::zero_derivative},
       true},
      {{"dead_units", 3, CauseKind::silent_from_start, Place::layer(3)},
       {"vanishing_gradient", 0, CauseKind::zero_derivative},
       false},
      {{"vanishing_gradient", 0, CauseKind::zero_derivative},
       {"dead_units", 3, CauseKind::died_in_training},
       false},
      // A format ends what was not lost on the way to it; what vanishes is too small for one.
      {{"underflow", 0, CauseKind::number_format}, {"vanishing_gradient", 0}, false},
      {{"vanishing_gradient", 0, CauseKind::zero_derivative}, {"underflow", 0}, false},
      {{"underflow", 0}, {"zero_gradient", 0}, true},
      {{"underflow", 0}, {"stalled_layer", 0, CauseKind::no_gradient, whole}, true},
      {{"underflow", 0}, {"stalled_layer", 0, CauseKind::small_rate, whole}, false},
      // A value less itself.
      {{"tiny_normalisation", 0}, {"zero_gradient", 0}, true},
      // What dropout leaves it multiplies, backwards too; the weights are not its doing.
      {{"starving_dropout", 0}, {"exploding_gradient", 0, CauseKind::other_layers}, true},
      {{"starving_dropout", 0}, explodes, false},
      // A large gradient makes a large step, but of an optimiser that divides by its size.
      {explodes, fast, true},
      {explodes, fast, false, true},
      {explodes, {"non_finite", 2}, true},
      {fast, {"non_finite", 0}, true},
      {{"non_finite", 0}, fast, false},
      // Decay takes the weights, and what lives by them.
      {decays, {"vanishing_gradient", 5, CauseKind::weight_scale}, true},
      {decays, vanishes, false},
      {decays, {"dead_units", 9, CauseKind::died_in_training}, true},
      {decays, {"update_too_large", 0, CauseKind::weight_decay}, true},
      {decays, {"update_too_large", 5, CauseKind::learning_rate}, false},
      // What was there at the start came before any step.
      {fast, {"vanishing_gradient", 0, CauseKind::weight_scale}, false},
      {fast, {"vanishing_gradient", 3, CauseKind::activation_derivative}, true},
      {fast, {"saturated_activation", 3}, true},
      {fast, {"saturated_activation", 0}, false},
      {{"dead_units", 0}, {"vanishing_gradient", 0, CauseKind::odd_weight}, false},
      // Large weights make a large output, and the last layer's are that.
      {{"exploding_gradient", 0, CauseKind::odd_weight},
       {"output_scale", 0, CauseKind::large_weight, Place::layer(7)},
       true},
      {{"output_scale", 0, CauseKind::large_weight, Place::layer(7)},
       {"exploding_gradient", 0, CauseKind::odd_weight, Place::layer(7)},
       true},
      {{"saturated_gate", 0}, {"vanishing_through_time", 0}, true},
      // What never reached the loss cannot have been learned: the last steps alone train the gates.
      {{"vanishing_through_time", 0}, {"saturated_gate", 50}, true},
      {vanishes, explodes, false},
  };
  for (const Pair& pair : pairs) {
    const auto findings = explained({pair.root, pair.symptom}, pair.adaptive);
    EXPECT_EQ(findings[1].explained_by, pair.follows ? std::optional<int>(0) : std::nullopt)
        << pair.root.rule << " at " << pair.root.first_step << ", " << pair.symptom.rule << " by "
        << to_string(pair.symptom.cause) << " at " << pair.symptom.first_step;
    // The order in which rules report does not matter.
    const auto turned = explained({pair.symptom, pair.root}, pair.adaptive);
    EXPECT_EQ(turned[0].explained_by, pair.follows ? std::optional<int>(1) : std::nullopt)
        << pair.symptom.rule << " first";
  }
}

TEST(ExplainTest, AChainEndsAtItsRootAlone) {
  const auto findings = explained({{"symmetric_units", 0, CauseKind::zero_rows},
                                   {"update_too_large", 0, CauseKind::learning_rate},
                                   {"dead_units", 2, CauseKind::died_in_training},
                                   {"non_finite", 5}});
  EXPECT_FALSE(findings[0].is_explained());
  for (std::size_t i = 1; i < findings.size(); ++i) {
    EXPECT_TRUE(findings[i].is_explained()) << findings[i].rule;
  }
}

// A gradient that grew in training came of the steps, though both show in the same one.
TEST(ExplainTest, AnExplosionOverTrainingFollowsFromTheSteps) {
  const auto findings = explained({{"exploding_gradient", 0, CauseKind::drift},
                                   {"update_too_large", 0, CauseKind::learning_rate}});
  EXPECT_EQ(findings[0].explained_by, 1);
  EXPECT_FALSE(findings[1].is_explained());
}

// Each of the two could make the other.
TEST(ExplainTest, NothingFollowsFromItself) {
  const auto findings = explained({{"vanishing_gradient", 2, CauseKind::activation_derivative},
                                   {"dead_units", 2, CauseKind::silent_from_start},
                                   {"vanishing_gradient", 1, CauseKind::activation_derivative}});
  for (const Finding& finding : findings) EXPECT_NE(finding.explained_by, finding.id);
  EXPECT_FALSE(findings[2].is_explained());
}

TEST(ExplainTest, TheRootIsAsSevereAsWhatFollows) {
  plumb::Run run = test::flat_run(4, 16, "relu", 3);
  std::vector<Finding> findings(2);
  findings[0].id = 0;
  findings[0].rule = "update_too_large";
  findings[1].id = 1;
  findings[1].rule = "dead_units";
  findings[1].severity = Severity::critical;
  findings[1].cause.kind = CauseKind::died_in_training;
  explain(RunView(run), findings);
  EXPECT_EQ(findings[0].severity, Severity::critical);
  EXPECT_EQ(findings[1].severity, Severity::warning);
}

}  // namespace
}  // namespace plumb
