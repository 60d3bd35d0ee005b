// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/sorted_batches.h"

#include <algorithm>
#include <cmath>

#include "plumb/diagnose/learning_finding.h"

namespace plumb {

namespace {

/// Of what the batches show of learning the part that the validation samples do not; NaN where
/// nothing tells.
double missing_in_validation(const RunView& view, const Learning& learning) {
  const auto& validation = view.losses().last_validation();
  if (!validation || !learning.has_baseline) return std::nan("");
  const double left = 1 - learning.baseline_accuracy;
  const double kept = (validation->accuracy - learning.baseline_accuracy) / left;
  if (std::isfinite(kept) && std::isfinite(learning.gained_accuracy)) {
    return 1 - kept / std::max(learning.gained_accuracy, Learning::kLearned);
  }
  const double by_loss = (learning.reference - validation->loss) / learning.reference;
  return 1 - by_loss / std::max(learning.gained, Learning::kLearned);
}

}  // namespace

void check_sorted_batches(const RunView& view, std::vector<Finding>& findings) {
  const RunInfo& info = view.info();
  if (info.kind == "probe" || !info.data_info || !info.data_info->between_batches) return;
  if (info.batch < kFewestInBatch) return;
  const double between = *info.data_info->between_batches;
  const double by_chance = 1 / static_cast<double>(info.batch);
  const double limit = by_chance + kSorted * (1 - by_chance);
  if (!(between >= limit)) return;
  const Learning learning = view.learning();
  const double missing = missing_in_validation(view, learning);
  Finding finding = learning_finding(view, learning, "sorted_batches");
  finding.severity = learning.at_baseline() ? Severity::critical
                     : learning.steps >= Learning::kSomeSteps && missing > 1 - kKept
                         ? Severity::warning
                         : Severity::note;
  if (learning.steps >= Learning::kSomeSteps) {
    finding.did_harm = finding.severity != Severity::note;
  }
  finding.evidence = {{{Quantity::between_batches, between, Place::loss(), {}}, limit}};
  finding.facts.push_back(
      {Quantity::window_samples, static_cast<double>(info.batch), Place::loss(), {}});
  if (const auto& validation = view.losses().last_validation()) {
    finding.facts.push_back({Quantity::validation_loss, validation->loss, Place::loss(), {}});
    if (std::isfinite(validation->accuracy)) {
      finding.facts.push_back({Quantity::validation_accuracy, validation->accuracy, {}, {}});
    }
    if (std::isfinite(learning.accuracy)) {
      finding.facts.push_back({Quantity::training_accuracy, learning.accuracy, {}, {}});
    }
  }
  finding.cause = {CauseKind::batch_order, Place::loss(), 1, {}};
  finding.remedies = {{RemedyKind::shuffle, {}, {}, {}}};
  findings.push_back(std::move(finding));
}

}  // namespace plumb
