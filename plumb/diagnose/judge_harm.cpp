// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/judge_harm.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace plumb {

namespace {

/// Rules whose finding is an outcome: they know themselves what harm it is.
constexpr std::array<std::string_view, 8> kOfOutcome{
    "not_learning",      "diverging",      "overfitting",      "running_statistics",
    "collinear_columns", "sorted_batches", "constant_targets", "training_loop"};

constexpr double kMendedGain = 0.2;
constexpr double kMostGain = 0.5;

bool is_of_outcome(const Finding& finding) {
  return std::find(kOfOutcome.begin(), kOfOutcome.end(), finding.rule) != kOfOutcome.end();
}

/// It left the baseline soon, came more than half of the way, or has had all the time it needed.
bool was_not_slowed(const RunView& view, const Learning& learning, std::int64_t last_step) {
  if (learning.flat || learning.gained >= kMostGain) return true;
  const std::int64_t left = step_off_reference(view.info(), view.losses());
  return left >= 0 && left <= last_step / 10;
}

/// All of it was over in the first quarter, and the network learned on.
bool is_mended(const RunView& view, const Learning& learning,
               const std::vector<Finding>& findings) {
  if (!learning.learns || !(learning.gained >= kMendedGain)) return false;
  const std::int64_t last_step = view.measured().back().step;
  if (!was_not_slowed(view, learning, last_step)) return false;
  return std::all_of(findings.begin(), findings.end(), [&](const Finding& finding) {
    return is_of_outcome(finding) || finding.severity == Severity::note ||
           (finding.over && finding.last_step <= last_step / 4);
  });
}

/// How much of the way a network comes whose samples look alike is what that decides: that it got
/// off the baseline, and soon, says nothing.
bool is_cleared_by_reach_alone(const Finding& finding) {
  return finding.rule == "collapsed_signal" && finding.cause.kind == CauseKind::depth;
}

/// Most of the loss that is left cannot be taken, as the finding says, whatever was learned.
bool holds_the_rest(const Finding& finding, const Learning& learning) {
  const Fact* floor = finding.find(Quantity::loss_floor);
  return floor != nullptr && floor->value >= 0.5 * learning.at_last;
}

/// Weights that start so large fit every sample by itself, and what they learn is not what the
/// samples have in common: the training part does not show it.
/// Source  Chizat, Oyallon and Bach 2019, "On Lazy Training in Differentiable Programming".
bool taught_by_heart(const Finding& finding, const std::vector<Finding>& findings) {
  if (finding.first_step > 0 || finding.cause.kind != CauseKind::large_weight) return false;
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& one) { return one.rule == "overfitting"; });
}

/// It is why nothing of what was learned holds for other samples (explain.h).
bool left_only_the_heart(const Finding& finding, const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& one) {
    if (one.rule != "overfitting") return false;
    const Finding* root = &one;
    while (root->explained_by) {
      root = &findings[static_cast<std::size_t>(*root->explained_by)];
      if (root == &finding) return finding.rule != "sorted_batches";
    }
    return false;
  });
}

}  // namespace

void judge_harm(const RunView& view, std::vector<Finding>& findings) {
  if (view.info().kind == "probe") return;
  const Learning learning = view.learning();
  const bool harm = learning.at_baseline() || learning.lost || !learning.ends_finite;
  // A loss above that of a constant answer is no learning without harm, whatever is right.
  const bool above = learning.at_last > learning.reference;
  const bool none = !harm && !above && learning.steps >= Learning::kSomeSteps &&
                    (learning.reached || is_mended(view, learning, findings));
  if (!none && !harm) return;
  for (Finding& finding : findings) {
    if (is_of_outcome(finding)) continue;
    if (none && !learning.reached && is_cleared_by_reach_alone(finding)) continue;
    const bool holds = holds_the_rest(finding, learning) || taught_by_heart(finding, findings) ||
                       left_only_the_heart(finding, findings);
    finding.did_harm = harm || holds;
    if (none && !holds) finding.severity = Severity::note;
    if (harm && finding.over) finding.severity = std::max(finding.severity, Severity::warning);
  }
}

}  // namespace plumb
