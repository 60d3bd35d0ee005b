// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/sorted_batches.h"

#include <algorithm>
#include <cmath>

#include "plumb/diagnose/learning_finding.h"

namespace plumb {

namespace {

/// NaN where there is no step.
double highest_loss(const LossCurve& curve) {
  const auto all = curve.stretches();
  double highest = std::nan("");
  for (const LossCurve::Stretch& one : all.last(all.size() - all.size() / 2)) {
    highest = std::fmax(highest, one.highest);
  }
  return highest;
}

/// What the batch costs that the best constant answer meets worst: of classes one of the rarest
/// alone; NaN where that is not known.
double worst_of_baseline(const RunInfo& info) {
  if (!info.data_info || !info.baseline || info.loss != "cross_entropy") return std::nan("");
  double all = 0, fewest = std::nan("");
  for (const std::int64_t size : info.data_info->class_sizes) {
    all += static_cast<double>(size);
    if (size > 0) fewest = std::fmin(fewest, static_cast<double>(size));
  }
  return std::fmax(info.baseline->loss, -std::log(fewest / all));
}

/// Of no sample so many visits that it could have been learned by heart, nor every kind met again.
bool is_fresh(const RunInfo& info, const Learning& learning) {
  const std::int64_t samples = info.data_info->samples;
  return samples > 0 && learning.steps * info.batch <= kFewVisits * samples;
}

/// The losses of the batches are not those of other samples, and at its worst batch the network is
/// no better than a constant answer.
bool is_told_by_losses(const RunView& view, const Learning& learning, double highest) {
  if (!learning.has_baseline || learning.steps < Learning::kSomeSteps) return false;
  if (learning.learns && !learning.reached && highest > kAbove * worst_of_baseline(view.info()))
    return true;
  const auto& validation = view.losses().last_validation();
  if (!validation) return false;
  const double kept = (learning.reference - validation->loss) / learning.reference;
  return (highest > learning.reference || is_fresh(view.info(), learning)) &&
         std::abs(learning.gained - kept) > std::max(kLeastApart, kApart * learning.gained);
}

/// Nothing moves, whatever the order.
bool stands_still(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.rule == "stalled_layer" && finding.severity != Severity::note;
  });
}

void add_facts(const RunView& view, const Learning& learning, double highest, Finding& finding) {
  const auto add = [&](Quantity quantity, double value, const Place& place) {
    if (std::isfinite(value)) finding.facts.push_back({quantity, value, place, {}});
  };
  add(Quantity::window_samples, static_cast<double>(view.info().batch), Place::loss());
  add(Quantity::highest_loss, highest, Place::loss());
  const auto& validation = view.losses().last_validation();
  if (!validation) return;
  add(Quantity::validation_loss, validation->loss, Place::loss());
  add(Quantity::validation_accuracy, validation->accuracy, {});
  add(Quantity::training_accuracy, learning.accuracy, {});
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
  const double highest = highest_loss(view.losses());
  Finding finding = learning_finding(view, learning, "sorted_batches");
  if (learning.at_baseline() && !stands_still(findings)) {
    finding.severity = Severity::critical;
  } else if (is_told_by_losses(view, learning, highest)) {
    finding.severity = Severity::warning;
  } else {
    finding.severity = Severity::note;
  }
  if (learning.steps >= Learning::kSomeSteps) {
    finding.did_harm = finding.severity != Severity::note;
  }
  finding.evidence = {{{Quantity::between_batches, between, Place::loss(), {}}, limit}};
  add_facts(view, learning, highest, finding);
  finding.cause = {CauseKind::batch_order, Place::loss(), 1, {}};
  finding.remedies = {{RemedyKind::shuffle, {}, {}, {}}};
  findings.push_back(std::move(finding));
}

}  // namespace plumb
