// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/starving_dropout.h"

#include <algorithm>
#include <cmath>

#include "plumb/diagnose/finding_steps.h"
#include "plumb/diagnose/forward_step.h"

namespace plumb {

void check_starving_dropout(const RunView& view, std::vector<Finding>& findings) {
  const RunInfo& info = view.info();
  const ForwardStep* first = view.first_forward();
  if (first == nullptr) return;
  LayerId worst = kNoLayer;
  double most = 0, left = 0;
  int affected = 0;
  for (const LayerId layer : view.graph().forward_order()) {
    const LayerInfo& one = info.layer(layer);
    if (one.family != LayerFamily::dropout || one.inputs.size() != 1) continue;
    const TensorFacts& x = first->output(one.inputs[0].from);
    const TensorFacts& y = first->output(layer);
    if (!x.known() || !y.known() || x.zero_fraction >= 1) continue;
    const double dropped = 1 - (1 - y.zero_fraction) / (1 - x.zero_fraction);
    const double units = (1 - dropped) * static_cast<double>(one.units);
    const bool starves = dropped >= kDropped || (dropped >= 0.25 && units < kUnitsLeft);
    // A few hundred draws at least, so that the fraction is known.
    if (!starves || one.units <= 0 || x.count * (1 - x.zero_fraction) < 100) continue;
    ++affected;
    if (dropped > most) most = dropped, left = units, worst = layer;
  }
  if (worst == kNoLayer) return;
  Finding finding;
  finding.rule = "starving_dropout";
  finding.severity = Severity::warning;
  finding.place = Place::layer(worst);
  set_all_steps(view, finding);
  if (most >= kDropped) {
    finding.evidence = {{{Quantity::dropped_fraction, most, finding.place, {}}, kDropped}};
    finding.facts = {{Quantity::units_left, left, finding.place, {}}};
  } else {
    finding.evidence = {{{Quantity::units_left, left, finding.place, {}}, kUnitsLeft}};
    finding.facts = {{Quantity::dropped_fraction, most, finding.place, {}}};
  }
  finding.facts.push_back(
      {Quantity::units, static_cast<double>(info.layer(worst).units), finding.place, {}});
  finding.facts.push_back({Quantity::layers_affected, static_cast<double>(affected), {}, {}});
  finding.cause = {CauseKind::dropout, finding.place, 1, {}};
  finding.remedies = {{RemedyKind::lower_dropout, finding.place, {{"rate", 0.2}}, {}}};
  findings.push_back(std::move(finding));
}

}  // namespace plumb
