// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/not_learning.h"

#include <algorithm>
#include <cmath>

#include "plumb/diagnose/finding_steps.h"
#include "plumb/diagnose/learning_finding.h"

namespace plumb {

namespace {

/// Updates below 1e-4 of the weights are the lower end of the usual band (Ben Braiek and Khomh
/// 2022).
constexpr double kUsualPaceLog2 = -13.3;

double median_update(const MeasuredStep& step) {
  std::vector<double> updates;
  for (const LayerPace& pace : step.paces) updates.push_back(pace.log2_update);
  const auto middle = updates.begin() + static_cast<std::ptrdiff_t>(updates.size() / 2);
  std::nth_element(updates.begin(), middle, updates.end());
  return *middle;
}

/// What was looked at in the last measured step, and is not the cause.
std::vector<Fact> ruled_out(const RunView& view) {
  std::vector<Fact> facts;
  const MeasuredStep& last = view.measured().back();
  if (last.flow.known && std::isfinite(last.flow.log2_total)) {
    facts.push_back({Quantity::flow_log2, last.flow.log2_total, Place::layer(last.flow.bottom),
                     Place::layer(last.flow.top)});
  }
  if (!last.paces.empty()) {
    facts.push_back({Quantity::median_update_log2, median_update(last), {}, {}});
  }
  double dead = -1;
  double saturated = -1;
  for (const LayerId layer : view.graph().forward_order()) {
    const auto& traits = view.info().layer(layer).traits;
    const UnitFacts* units = view.units(layer).at(view.measured().size() - 1);
    if (!traits || units == nullptr || units->units <= 0) continue;
    if (traits->saturates == true) saturated = std::max(saturated, units->saturated_fraction);
    if (traits->can_die == true) {
      dead = std::max(dead,
                      static_cast<double>(units->dead_units) / static_cast<double>(units->units));
    }
  }
  if (dead >= 0) facts.push_back({Quantity::dead_fraction, dead, {}, {}});
  if (saturated >= 0) facts.push_back({Quantity::saturated_fraction, saturated, {}, {}});
  return facts;
}

/// Every layer is one of those that have no weights.
bool has_nothing_to_train(const RunInfo& info) {
  return !info.layers.empty() && info.params.empty() &&
         std::all_of(info.layers.begin(), info.layers.end(), [](const LayerInfo& layer) {
           return layer.family == LayerFamily::input || layer.family == LayerFamily::shape ||
                  layer.family == LayerFamily::activation || layer.family == LayerFamily::dropout ||
                  layer.family == LayerFamily::normalisation;
         });
}

Finding nothing_to_train(const RunView& view) {
  Finding finding;
  finding.rule = "not_learning";
  finding.severity = Severity::critical;
  finding.place = Place::loss();
  set_all_steps(view, finding);
  const auto layers = static_cast<double>(view.info().layers.size());
  finding.evidence = {{{Quantity::layers_judged, layers, {}, {}}, 1}};
  finding.cause.kind = CauseKind::no_gradient;
  finding.remedies = {{RemedyKind::look_closer, {}, {{"at", "layers_with_weights"}}, {}}};
  return finding;
}

}  // namespace

void check_not_learning(const RunView& view, std::vector<Finding>& findings) {
  if (view.info().kind == "probe" || has_alarm(findings)) return;
  if (has_nothing_to_train(view.info())) {
    findings.push_back(nothing_to_train(view));
    return;
  }
  const Learning learning = view.learning();
  if (!learning.at_baseline()) return;
  Finding finding = learning_finding(view, learning, "not_learning");
  finding.severity = Severity::critical;
  finding.evidence = {{{Quantity::loss_at_last, learning.at_last, Place::loss(), {}},
                       (1 - Learning::kLearned) * learning.reference}};
  const std::vector<Fact> others = ruled_out(view);
  finding.facts.insert(finding.facts.end(), others.begin(), others.end());
  finding.cause.kind = CauseKind::unknown;
  const Fact* pace = finding.find(Quantity::median_update_log2);
  const bool slow = pace != nullptr && pace->value < kUsualPaceLog2;
  if (slow) finding.remedies.push_back({RemedyKind::raise_rate, {}, {}, {}});
  finding.remedies.push_back({RemedyKind::check_labels, {}, {}, {}});
  finding.remedies.push_back(
      {RemedyKind::train_on, {}, {{"steps", 10.0 * static_cast<double>(learning.steps)}}, {}});
  findings.push_back(std::move(finding));
}

}  // namespace plumb
