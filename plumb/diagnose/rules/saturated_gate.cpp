// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/saturated_gate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "plumb/diagnose/finding_steps.h"
#include "plumb/diagnose/rules/saturated_activation.h"
#include "plumb/diagnose/time_finding.h"

namespace plumb {

namespace {

constexpr TimeQuantity kJudged[] = {TimeQuantity::h,           TimeQuantity::cell_gate,
                                    TimeQuantity::new_gate,    TimeQuantity::output_gate,
                                    TimeQuantity::forget_gate, TimeQuantity::input_gate,
                                    TimeQuantity::update_gate};

/// Whether so little gets in that not even one time step of the sequence does.
bool is_shut(const GateSummary& gate, std::int64_t time_steps) {
  const double lets_in = gate.gate == TimeQuantity::input_gate ? gate.mean : 1 - gate.mean;
  return lets_in * kWrites * static_cast<double>(time_steps) < 1;
}

double fraction_of(const TimeFlow& flow, const GateSummary& gate) {
  switch (gate.gate) {
    case TimeQuantity::input_gate: return is_shut(gate, flow.time_steps) ? gate.low_fraction : 0;
    case TimeQuantity::update_gate: return is_shut(gate, flow.time_steps) ? gate.high_fraction : 0;
    default: break;
  }
  return gate.low_fraction + (is_judged_at_both_ends(gate.gate) ? gate.high_fraction : 0);
}

/// The size of a parameter of the layer in the first step; 0 where it has none.
double size_of(const RunView& view, LayerId layer, ParamUse use) {
  const ParamId param = view.info().find_param(layer, use);
  return param == kNoParam ? 0 : view.first_forward()->param(param).rms;
}

/// What stood in the inputs of the gates when the run began.
FindingCause cause_at_start(const RunView& view, const Place& place, TimeQuantity gate) {
  FindingCause cause{CauseKind::large_gate_input, place, 1, {}};
  const LayerInfo& layer = view.info().layer(place.id);
  const ForwardStep& start = *view.first_forward();
  if (layer.inputs.size() != 1) return cause;
  const TensorFacts& x = start.output(layer.inputs[0].from);
  const ParamId weight = view.info().find_param(place.id, ParamUse::weight);
  if (!x.known() || weight == kNoParam || !start.param(weight).known()) return cause;
  const double fan_in = layer.fan_in > 0
                            ? static_cast<double>(layer.fan_in)
                            : static_cast<double>(view.info().layer(layer.inputs[0].from).units);
  if (!(fan_in > 0)) return cause;
  const double of_x = start.param(weight).rms * std::sqrt(fan_in);
  const double of_h = size_of(view, place.id, ParamUse::recurrent_weight) *
                      std::sqrt(static_cast<double>(std::max<std::int64_t>(layer.units, 1)));
  const double gain = std::max(of_x, of_h);
  const double bias = std::max(size_of(view, place.id, ParamUse::bias),
                               size_of(view, place.id, ParamUse::recurrent_bias));
  // One gate of four holds them all: the others' biases are small.
  constexpr double kGates = 2;
  cause.kind = kGates * bias > std::max(of_x * x.rms, of_h) ? CauseKind::large_bias
               : of_h > of_x * x.rms || of_x >= x.rms       ? CauseKind::large_weight
                                                            : CauseKind::large_input;
  cause.facts = {{Quantity::gate, static_cast<double>(gate), place, {}},
                 {Quantity::bias_rms, bias, place, {}},
                 {Quantity::x_rms, x.rms, place, {}},
                 {Quantity::gain, gain, place, {}}};
  return cause;
}

std::vector<Remedy> remedies_of(CauseKind cause, const Place& place) {
  const Remedy scale{RemedyKind::scale_inputs, place, {}, {}};
  const Remedy smaller{RemedyKind::smaller_weights, place, {}, {}};
  switch (cause) {
    case CauseKind::large_bias: return {{RemedyKind::set_bias, place, {{"value", 0.0}}, {}}};
    case CauseKind::large_weight: return {smaller, scale};
    case CauseKind::large_input: return {scale, smaller};
    case CauseKind::gate_drift:
      return {{RemedyKind::lower_rate, {}, {{"if", "it_began_in_training"}}, {}},
              {RemedyKind::clip_norm, {}, {{"if", "it_began_in_training"}}, {}},
              scale,
              smaller};
    default: return {scale, smaller};
  }
}

/// What training made of the gates of a network that went some of the way and still has it is a
/// memory that decides.
bool is_learned(const RunView& view) {
  constexpr double kSome = 0.2;
  const Learning learning = view.learning();
  return learning.learns && learning.gained >= kSome && !learning.lost;
}

void check_one(const RunView& view, const TimePlace& at, TimeQuantity judged,
               std::vector<Finding>& findings) {
  std::vector<double> fractions;
  std::vector<double> badness;
  for (const TimeFlow* flow : at.flows) {
    const GateSummary* gate = flow == nullptr ? nullptr : flow->gate(judged);
    fractions.push_back(gate == nullptr ? std::numeric_limits<double>::quiet_NaN()
                                        : fraction_of(*flow, *gate));
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
  set_steps(view, *episode, finding);
  finding.evidence = {{{Quantity::gate_flat_fraction, worst, place, {}}, kSaturatedFraction}};
  finding.facts = {{Quantity::gate, gate, place, {}},
                   {Quantity::saturated_fraction, fractions[episode->first], place, {}}};
  finding.cause = episode->first == 0 ? cause_at_start(view, place, judged)
                                      : FindingCause{CauseKind::gate_drift, place, 1, {}};
  if (finding.cause.kind == CauseKind::gate_drift && is_learned(view)) {
    finding.severity = Severity::note;
  }
  finding.remedies = remedies_of(finding.cause.kind, place);
  findings.push_back(std::move(finding));
}

}  // namespace

bool is_judged_at_both_ends(TimeQuantity gate) {
  return gate == TimeQuantity::h || gate == TimeQuantity::cell_gate ||
         gate == TimeQuantity::new_gate;
}

void check_saturated_gate(const RunView& view, std::vector<Finding>& findings) {
  for (const TimePlace& place : time_places(view)) {
    for (const TimeQuantity gate : kJudged) check_one(view, place, gate, findings);
  }
}

}  // namespace plumb
