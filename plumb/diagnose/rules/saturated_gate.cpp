// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/saturated_gate.h"

#include <limits>

#include "plumb/diagnose/rules/saturated_activation.h"
#include "plumb/diagnose/time_finding.h"

namespace plumb {

namespace {

constexpr TimeQuantity kJudged[] = {TimeQuantity::h, TimeQuantity::cell_gate,
                                    TimeQuantity::new_gate, TimeQuantity::output_gate,
                                    TimeQuantity::forget_gate};

double fraction_of(const GateSummary& gate) {
  return gate.low_fraction + (is_judged_at_both_ends(gate.gate) ? gate.high_fraction : 0);
}

void check_one(const RunView& view, const TimePlace& at, TimeQuantity judged,
               std::vector<Finding>& findings) {
  std::vector<double> fractions;
  std::vector<double> badness;
  for (const TimeFlow* flow : at.flows) {
    const GateSummary* gate = flow == nullptr ? nullptr : flow->gate(judged);
    fractions.push_back(gate == nullptr ? std::numeric_limits<double>::quiet_NaN()
                                        : fraction_of(*gate));
    badness.push_back(fractions.back() / kSaturatedFraction);
  }
  const auto episode = find_episode(badness, true, 2);
  if (!episode) return;
  const double worst = fractions[episode->worst];
  const auto gate = static_cast<double>(judged);
  const Place& place = at.place;
  Finding finding;
  finding.rule = "saturated_gate";
  finding.severity = worst >= kSaturatedFractionCritical ? Severity::critical : Severity::warning;
  finding.place = place;
  finding.first_step = view.measured()[episode->first].step;
  finding.last_step = view.measured()[episode->last].step;
  finding.over = episode->over;
  finding.evidence = {{{Quantity::gate_flat_fraction, worst, place, {}}, kSaturatedFraction}};
  finding.facts = {{Quantity::gate, gate, place, {}},
                   {Quantity::saturated_fraction, fractions[episode->first], place, {}}};
  finding.cause.kind = episode->first == 0 ? CauseKind::large_gate_input : CauseKind::gate_drift;
  finding.cause.place = place;
  finding.remedies = {{RemedyKind::scale_inputs, place, {}, {}},
                      {RemedyKind::smaller_weights, place, {}, {}},
                      {RemedyKind::lower_rate, {}, {{"if", "it_began_in_training"}}, {}},
                      {RemedyKind::clip_norm, {}, {{"if", "it_began_in_training"}}, {}}};
  findings.push_back(std::move(finding));
}

}  // namespace

bool is_judged_at_both_ends(TimeQuantity gate) {
  return gate != TimeQuantity::output_gate && gate != TimeQuantity::forget_gate;
}

void check_saturated_gate(const RunView& view, std::vector<Finding>& findings) {
  for (const TimePlace& place : time_places(view)) {
    for (const TimeQuantity gate : kJudged) check_one(view, place, gate, findings);
  }
}

}  // namespace plumb
