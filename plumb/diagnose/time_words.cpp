// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plumb/diagnose/time_finding.h"
#include "plumb/diagnose/words.h"
#include "plumb/record/step_record.h"

namespace plumb {

namespace {

constexpr double kManySaturated = 0.25;  // our choice: saturation worth a word of its own

const LayerInfo* layer_of(const RunInfo& info, const TimeFlow& flow) {
  const auto it = std::find_if(info.layers.begin(), info.layers.end(),
                               [&](const LayerInfo& layer) { return layer.path == flow.path; });
  return it == info.layers.end() ? nullptr : &*it;
}

bool says(const RunInfo& info, const TimeFlow& flow, const char* word) {
  const LayerInfo* layer = layer_of(info, flow);
  return layer != nullptr && layer->text.find(word) != std::string::npos;
}

std::string kind_of(const RunInfo& info, const TimeFlow& flow) {
  const LayerInfo* layer = layer_of(info, flow);
  return layer == nullptr ? std::string("recurrent layer") : layer->kind;
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

const char* gate_name(const GateSummary& gate) {
  return gate.gate == TimeQuantity::forget_gate ? "forget gate" : "update gate";
}

std::string carry_text(const TimeFlow& flow, const GateSummary& gate) {
  const double carry = per_step(flow, flow.part(TimeCause::gate_carry));
  const double paths = per_step(flow, flow.part(TimeCause::gate_paths));
  std::string text =
      fmt::format("The {} averages {:.3g}, and what is carried directly keeps {} a step",
                  gate_name(gate), gate.mean, size_text(carry));
  if (carry < 0) {
    text += fmt::format(", so that half is gone after {:.3g} steps", -1 / carry);
  }
  text += fmt::format("; the ways through the gates multiply it by {}.", size_text(paths));
  return text;
}

std::string plain_text(const RunInfo& info, const TimeFlow& flow) {
  const double derivative = per_step(flow, flow.part(TimeCause::activation_derivative));
  const double scale = per_step(flow, flow.part(TimeCause::recurrent_weight_scale));
  const double direction = per_step(flow, flow.part(TimeCause::recurrent_weight_alignment));
  const double weight = scale + direction;
  const bool loss = flow.log2_kept < 0;
  const bool by_weight = loss ? weight < derivative : weight > derivative;
  std::string text = by_weight ? fmt::format(
                                     "The recurrent weight does most of it: it multiplies by {} a "
                                     "step",
                                     size_text(weight))
                               : fmt::format(
                                     "The derivative of the activation does most of it: it "
                                     "multiplies by {} a step",
                                     size_text(derivative));
  const double flat = flat_fraction(flow, TimeQuantity::h);
  if (!by_weight && flat >= kManySaturated) {
    text += fmt::format(", for {} of the states of {} are in the flat ends of tanh",
                        percent_text(flat), layer_text(info, flow.path));
  }
  if (by_weight && std::abs(direction) > 0.05) {
    text += fmt::format(" ({} by its size, {} by the direction of this gradient)", size_text(scale),
                        size_text(direction));
  }
  return text + fmt::format("; the {} {}.", by_weight ? "derivative by" : "recurrent weight by",
                            size_text(by_weight ? derivative : weight));
}

std::string orthogonal_advice(const RunInfo& info, const TimeFlow& flow) {
  return says(info, flow, "recurrent=orthogonal") && !says(info, flow, "gain=")
             ? "keep the recurrent weight near its orthogonal start: a lower learning rate"
             : "start the recurrent weight orthogonally (recurrent=orthogonal, gain 1), so that it "
               "neither shrinks nor stretches";
}

std::vector<std::string> vanishing_remedies(const RunInfo& info, const TimeFlow& flow) {
  const std::string units = std::to_string(flow.units);
  const std::string length = std::to_string(flow.time_steps);
  if (flow.ends_in_zero && says(info, flow, "bptt=")) {
    return {
        "raise bptt, or leave it away: the gradient is cut before every window of that many steps",
        "keep the truncation, knowing that nothing longer than a window is learned"};
  }
  std::vector<std::string> advice;
  if (const GateSummary* gate = carry_gate(flow)) {
    const bool lstm = gate->gate == TimeQuantity::forget_gate;
    if (!says(info, flow, "chrono=")) {
      advice.push_back(
          fmt::format("open the {} for this length: {} {} chrono={} (Tallec and Ollivier "
                      "2018), which spreads memories from 1 to {} steps",
                      gate_name(*gate), lstm ? "lstm" : "gru", units, length, length));
    }
    if (lstm && !says(info, flow, "forget_bias=") && !says(info, flow, "chrono=")) {
      advice.push_back(fmt::format(
          "raise the bias of the forget gate: forget_bias=1 halves in 2.2 steps and is the usual "
          "start, forget_bias={:.2g} keeps a memory of the whole sequence",
          std::log(std::max<double>(2, static_cast<double>(flow.time_steps)))));
    }
    advice.emplace_back("shorten the sequence: skip, pool or sum up time steps before the layer");
  } else {
    if (flat_fraction(flow, TimeQuantity::h) >= kManySaturated) {
      advice.emplace_back(
          "scale the inputs to mean 0 and variance 1, and start the weights smaller: "
          "the states are saturated");
    }
    advice.push_back(fmt::format("use a gated cell: lstm {} chrono={} or gru {} chrono={}", units,
                                 length, units, length));
    advice.push_back(orthogonal_advice(info, flow));
    if (!says(info, flow, "irnn")) {
      advice.push_back(
          fmt::format("rnn {} irnn: relu with the identity as recurrent weight (Le, "
                      "Jaitly, Hinton 2015)",
                      units));
    }
  }
  advice.emplace_back("if only the last steps matter for the task, nothing is lost");
  return advice;
}

std::vector<std::string> exploding_remedies(const RunInfo& info, const TimeFlow& flow) {
  std::vector<std::string> advice{
      "clip the gradient's norm (--clip-norm 1): the usual remedy against explosions through time "
      "(Pascanu, Mikolov, Bengio 2013)",
      orthogonal_advice(info, flow)};
  if (carry_gate(flow) == nullptr) {
    advice.push_back(fmt::format("use a gated cell: lstm {} or gru {}", flow.units, flow.units));
  }
  if (!says(info, flow, "bptt=")) {
    advice.emplace_back(
        "cut the gradient every K steps (bptt=K), which also cuts what can be learned "
        "to K steps");
  }
  return advice;
}

}  // namespace

std::string time_cause_text(const RunInfo& info, const TimeFlow& flow) {
  if (flow.ends_in_zero) {
    return says(info, flow, "bptt=")
               ? fmt::format("The gradient is cut on purpose (bptt), at time step {}.",
                             flow.ends_at)
               : fmt::format("{}.", capitalised(flow.ends_because));
  }
  if (const GateSummary* gate = carry_gate(flow)) return carry_text(flow, *gate);
  if (flow.part(TimeCause::activation_derivative) != 0 ||
      flow.part(TimeCause::recurrent_weight_scale) != 0) {
    return plain_text(info, flow);
  }
  return fmt::format("Each step back through the {} multiplies the gradient by {}.",
                     kind_of(info, flow), size_text(flow.log2_per_step()));
}

std::vector<std::string> time_remedies(const RunInfo& info, const TimeFlow& flow) {
  return flow.log2_kept < 0 ? vanishing_remedies(info, flow) : exploding_remedies(info, flow);
}

}  // namespace plumb
