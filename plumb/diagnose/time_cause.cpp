// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "plumb/diagnose/time_finding.h"

namespace plumb {

namespace {

/// Nothing is known of a cell that was not described: then no advice is left out.
CellFacts cell_of(const RunInfo& info, const TimeFlow& flow) {
  return info.layer(flow.layer).cell.value_or(CellFacts{});
}

double per_step(const TimeFlow& flow, double total) {
  return flow.steps > 0 ? total / static_cast<double>(flow.steps) : 0;
}

double flat_fraction(const TimeFlow& flow, TimeQuantity quantity) {
  const GateSummary* gate = flow.gate(quantity);
  return gate == nullptr ? 0 : gate->low_fraction + gate->high_fraction;
}

/// The gate that keeps the state, if the cell has one.
const GateSummary* carry_gate(const TimeFlow& flow) {
  const GateSummary* forget = flow.gate(TimeQuantity::forget_gate);
  return forget != nullptr ? forget : flow.gate(TimeQuantity::update_gate);
}

double share_of(double part, double total) { return total != 0 ? part / total : 1; }

FindingCause carry_cause(const TimeFlow& flow, const GateSummary& gate, const Place& place) {
  const double carry = per_step(flow, flow.part(TimeCause::gate_carry));
  const double paths = per_step(flow, flow.part(TimeCause::gate_paths));
  const bool grows = flow.log2_kept > 0;
  return {grows ? CauseKind::recurrent_weight : CauseKind::gate_carry,
          place,
          share_of(grows ? paths : carry, carry + paths),
          {{Quantity::gate, static_cast<double>(gate.gate), place, {}},
           {Quantity::gate_mean, gate.mean, place, {}},
           {Quantity::gate_carry_log2_per_step, carry, place, {}},
           {Quantity::gate_paths_log2_per_step, paths, place, {}}}};
}

FindingCause plain_cause(const TimeFlow& flow, const Place& place) {
  const double derivative = per_step(flow, flow.part(TimeCause::activation_derivative));
  const double scale = per_step(flow, flow.part(TimeCause::recurrent_weight_scale));
  const double direction = per_step(flow, flow.part(TimeCause::recurrent_weight_alignment));
  const double weight = scale + direction;
  const bool by_weight = flow.log2_kept < 0 ? weight < derivative : weight > derivative;
  FindingCause cause;
  cause.kind = by_weight ? CauseKind::recurrent_weight : CauseKind::recurrent_derivative;
  cause.place = place;
  cause.share = share_of(by_weight ? weight : derivative, weight + derivative);
  cause.facts = {{Quantity::recurrent_derivative_log2_per_step, derivative, place, {}},
                 {Quantity::recurrent_weight_log2_per_step, scale, place, {}},
                 {Quantity::recurrent_alignment_log2_per_step, direction, place, {}}};
  const double flat = flat_fraction(flow, TimeQuantity::h);
  if (flat > 0) cause.facts.push_back({Quantity::gate_flat_fraction, flat, place, {}});
  return cause;
}

Remedy at(const Place& place, RemedyKind kind, std::vector<Remedy::Argument> arguments = {}) {
  return {kind, place, std::move(arguments), {}};
}

/// "keep" where it started so already.
Remedy orthogonal(const CellFacts& cell, const Place& place) {
  if (cell.orthogonal_start && !cell.gain) {
    return at(place, RemedyKind::orthogonal_recurrence, {{"keep", 1.0}});
  }
  return at(place, RemedyKind::orthogonal_recurrence, {{"gain", 1.0}});
}

std::vector<Remedy> vanishing_remedies(const CellFacts& cell, const TimeFlow& flow,
                                       const Place& place) {
  const auto units = static_cast<double>(flow.units);
  const auto length = static_cast<double>(flow.time_steps);
  if (flow.ends_in_zero && cell.truncated_steps > 0) {
    return {at(place, RemedyKind::raise_truncation),
            at(place, RemedyKind::none_needed, {{"if", "a_window_is_enough"}})};
  }
  std::vector<Remedy> remedies;
  if (const GateSummary* gate = carry_gate(flow)) {
    const bool forgets = gate->gate == TimeQuantity::forget_gate;
    const std::string name(to_string(gate->gate));
    if (cell.memory_steps == 0) {
      remedies.push_back(
          at(place, RemedyKind::open_gate, {{"gate", name}, {"units", units}, {"chrono", length}}));
    }
    if (forgets && !cell.forget_bias && cell.memory_steps == 0) {
      remedies.push_back(at(place, RemedyKind::open_gate,
                            {{"gate", name}, {"forget_bias", std::log(std::max(2.0, length))}}));
    }
    remedies.push_back(at(place, RemedyKind::shorten_sequence));
  } else {
    if (flat_fraction(flow, TimeQuantity::h) >= kManySaturated) {
      remedies.push_back(at(place, RemedyKind::scale_inputs));
      remedies.push_back(at(place, RemedyKind::smaller_weights));
    }
    remedies.push_back(at(place, RemedyKind::gated_cell, {{"units", units}, {"chrono", length}}));
    remedies.push_back(orthogonal(cell, place));
    if (!cell.identity_start) {
      remedies.push_back(at(place, RemedyKind::identity_recurrence, {{"units", units}}));
    }
  }
  remedies.push_back(at(place, RemedyKind::none_needed, {{"if", "the_last_steps_are_enough"}}));
  return remedies;
}

std::vector<Remedy> exploding_remedies(const CellFacts& cell, const TimeFlow& flow,
                                       const Place& place) {
  std::vector<Remedy> remedies{at(place, RemedyKind::clip_norm, {{"at", 1.0}}),
                               orthogonal(cell, place)};
  if (carry_gate(flow) == nullptr) {
    remedies.push_back(
        at(place, RemedyKind::gated_cell, {{"units", static_cast<double>(flow.units)}}));
  }
  if (cell.truncated_steps == 0) remedies.push_back(at(place, RemedyKind::truncate));
  return remedies;
}

Place place_of(const TimeFlow& flow) {
  Place place = Place::layer(flow.layer);
  place.reverse = flow.reverse;
  return place;
}

}  // namespace

FindingCause time_cause(const RunInfo& info, const TimeFlow& flow) {
  const Place place = place_of(flow);
  if (flow.ends_in_zero) {
    const bool cut = cell_of(info, flow).truncated_steps > 0;
    FindingCause cause{cut ? CauseKind::truncation : CauseKind::gradient_is_zero, place, 1, {}};
    if (!cut && flow.nothing_comes_back) {
      const auto came_back = static_cast<double>(flow.ends_at + (flow.reverse ? -1 : 1));
      cause.facts = {{Quantity::nothing_back_from, came_back, place, {}}};
    }
    return cause;
  }
  if (const GateSummary* gate = carry_gate(flow)) return carry_cause(flow, *gate, place);
  if (flow.part(TimeCause::activation_derivative) != 0 ||
      flow.part(TimeCause::recurrent_weight_scale) != 0) {
    return plain_cause(flow, place);
  }
  return {CauseKind::recurrence,
          place,
          1,
          {{Quantity::time_per_step_log2, flow.log2_per_step(), place, {}}}};
}

std::vector<Remedy> time_remedies(const RunInfo& info, const TimeFlow& flow) {
  const CellFacts cell = cell_of(info, flow);
  return flow.log2_kept < 0 ? vanishing_remedies(cell, flow, place_of(flow))
                            : exploding_remedies(cell, flow, place_of(flow));
}

}  // namespace plumb
