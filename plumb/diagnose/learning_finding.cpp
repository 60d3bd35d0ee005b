// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/learning_finding.h"

#include <algorithm>
#include <cmath>

namespace plumb {

Finding learning_finding(const RunView& view, const Learning& learning, const std::string& rule) {
  Finding finding;
  finding.rule = rule;
  finding.place = Place::loss();
  finding.first_step = view.losses().first() ? view.losses().first()->step : 0;
  finding.last_step = view.measured().back().step;
  const auto add = [&](Quantity quantity, double value, const Place& place) {
    if (std::isfinite(value)) finding.facts.push_back({quantity, value, place, {}});
  };
  add(Quantity::steps_taken, static_cast<double>(learning.steps), {});
  add(Quantity::loss_at_first, learning.at_first, Place::loss());
  add(Quantity::loss_at_last, learning.at_last, Place::loss());
  if (learning.has_baseline) add(Quantity::baseline_loss, learning.reference, Place::loss());
  add(Quantity::baseline_accuracy, learning.baseline_accuracy, {});
  return finding;
}

bool learns_badly(const RunView& view) {
  constexpr double kHalf = 0.5;
  if (view.info().kind == "probe") return false;
  const Learning learning = view.learning();
  return learning.known && learning.has_baseline && !learning.reached &&
         learning.steps >= Learning::kEnoughSteps && learning.gained < kHalf;
}

bool has_alarm(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.severity > Severity::note; });
}

}  // namespace plumb
