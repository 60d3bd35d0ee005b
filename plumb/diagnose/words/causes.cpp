// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "plumb/diagnose/time_finding.h"
#include "plumb/diagnose/words/data_words.h"
#include "plumb/diagnose/words/flow_causes.h"
#include "plumb/diagnose/words/learning_words.h"
#include "plumb/diagnose/words/sentences.h"
#include "plumb/diagnose/words/signal_words.h"
#include "plumb/diagnose/words/sizes.h"
#include "plumb/diagnose/words/underflow_words.h"

namespace plumb::words {

namespace {

std::string ends_text(const Telling& telling, const char* because) {
  const Place& place = telling.finding.cause.place;
  return fmt::format("At {}, the gradient with respect to its {} is zero everywhere{}.",
                     telling.names.where(place), place.role ? "output" : "input", because);
}

/// What does not come back through time, or does not pass a layer.
std::string zero_text(const Telling& telling) {
  if (!telling.has(Quantity::time_ends_at)) return ends_text(telling, "");
  if (telling.has(Quantity::nothing_back_from)) {
    return fmt::format("Nothing comes back from time step {} to the one before.",
                       telling.count(Quantity::nothing_back_from));
  }
  return fmt::format("The gradient of the state at time step {} is zero everywhere.",
                     telling.count(Quantity::time_ends_at));
}

std::string drift_text(const Telling& telling) {
  std::string text =
      "It was not there at the start: training drove the weights to where the loss is steep";
  if (telling.has(Quantity::loss_then)) {
    text += fmt::format(" (loss {:.3g} at step {}, {:.3g} at the start)",
                        telling.value(Quantity::loss_then), telling.finding.first_step,
                        telling.value(Quantity::loss_at_first));
  }
  return text + ".";
}

std::string died_text(const Telling& telling) {
  return fmt::format(
      "They died during training: {} at the first measured step, {} at step {}. A step that was "
      "too large pushed their inputs below zero for every sample.",
      percent_text(telling.value(Quantity::dead_fraction_at_first)),
      percent_text(telling.value(Quantity::dead_fraction)),
      telling.count(Quantity::largest_at_step));
}

std::string input_sizes(const Telling& telling) {
  return fmt::format("z = Wx + b has rms {:.3g}: x has rms {:.3g} and the weight a gain of {:.3g}.",
                     telling.value(Quantity::z_rms), telling.value(Quantity::x_rms),
                     telling.value(Quantity::gain));
}

/// What holds a gate in its flat end from the start.
std::string gate_input_text(const Telling& telling) {
  const double bias = telling.value(Quantity::bias_rms);
  const double x = telling.value(Quantity::x_rms), gain = telling.value(Quantity::gain);
  if (telling.finding.cause.kind == CauseKind::large_bias) {
    return fmt::format(
        "It was so from the start: its biases have rms {:.3g}, while x has rms {:.3g} "
        "and the weights a gain of {:.3g}.",
        bias, x, gain);
  }
  return fmt::format("It was so from the start: x has rms {:.3g} and the weights a gain of {:.3g}.",
                     x, gain);
}

std::string last_finite_text(const Telling& telling) {
  if (!telling.has(Quantity::last_finite_step)) {
    return telling.has(Quantity::shown_at_step) ? "It is there in the first measured step."
                                                : "No step around it was measured.";
  }
  const Fact* largest = telling.fact(Quantity::largest_log2);
  std::string text = fmt::format("At the last measured step before (step {}) all was finite",
                                 telling.count(Quantity::last_finite_step));
  if (largest == nullptr || std::isinf(largest->value)) return text + ".";
  return text + fmt::format("; the largest value was {}, in {}.", size_text(largest->value),
                            telling.names.place(largest->place));
}

std::string nonfinite_text(const Telling& telling, std::string_view because) {
  return fmt::format("{} {}", because, last_finite_text(telling));
}

std::string forward_text(const Telling& telling, const std::string& where) {
  const LayerId layer = layer_at(telling.info, telling.finding.cause.place);
  const bool has_weight =
      layer != kNoLayer && telling.info.layer(layer).family == LayerFamily::linear;
  return nonfinite_text(
      telling, has_weight
                   ? fmt::format("The input and the weight of {} are finite and its output is not: "
                                 "it is made there, by overflow or an undefined operation.",
                                 where)
                   : fmt::format("What {} computes from is finite and its output is not: it is "
                                 "made there, by overflow or an undefined operation.",
                                 where));
}

/// Of a normalisation in front of an activation.
std::string norm_text(const Telling& telling, const char* what, Quantity size, const char* right) {
  return fmt::format(
      "The {} of the normalisation in front of it has rms {:.3g}, where {} is right: "
      "what it gives has rms {:.3g}.",
      what, telling.value(size), right, telling.value(Quantity::z_rms));
}

std::string carry_text(const Telling& telling) {
  const double carry = telling.value(Quantity::gate_carry_log2_per_step);
  std::string text = fmt::format("{} averages {:.3g}, and what is carried directly keeps {} a step",
                                 capitalised(gate_text(gate_of(telling))),
                                 telling.value(Quantity::gate_mean), size_text(carry));
  if (carry < 0) {
    text += fmt::format(", so that half is gone after {:.3g} steps", -1 / carry);
  }
  return text + fmt::format("; the ways through the gates multiply it by {}.",
                            size_at(telling, Quantity::gate_paths_log2_per_step));
}

/// A gate keeps at most all of it: what grows has come through the weights.
std::string grown_paths_text(const Telling& telling) {
  return fmt::format(
      "The ways through the weights and the gates add to it: they multiply what is "
      "carried by {} a step, while {} averages {:.3g} and keeps {}.",
      size_at(telling, Quantity::gate_paths_log2_per_step), gate_text(gate_of(telling)),
      telling.value(Quantity::gate_mean), size_at(telling, Quantity::gate_carry_log2_per_step));
}

std::string recurrent_weight_text(const Telling& telling) {
  const double scale = telling.value(Quantity::recurrent_weight_log2_per_step);
  const double direction = telling.value(Quantity::recurrent_alignment_log2_per_step);
  std::string text = fmt::format("The recurrent weight does most of it: it multiplies by {} a step",
                                 size_text(scale + direction));
  if (std::abs(direction) > 0.05) {
    text += fmt::format(" ({} by its size, {} by the direction of this gradient)", size_text(scale),
                        size_text(direction));
  }
  return text + fmt::format("; the derivative by {}.",
                            size_at(telling, Quantity::recurrent_derivative_log2_per_step));
}

std::string recurrent_derivative_text(const Telling& telling) {
  const double weight = telling.value(Quantity::recurrent_weight_log2_per_step) +
                        telling.value(Quantity::recurrent_alignment_log2_per_step);
  std::string text =
      fmt::format("The derivative of the activation does most of it: it multiplies by {} a step",
                  size_at(telling, Quantity::recurrent_derivative_log2_per_step));
  const double flat = telling.value(Quantity::gate_flat_fraction);
  if (flat >= kManySaturated) {
    Place place = telling.finding.cause.place;
    place.reverse = false;
    text += fmt::format(", for {} of the states of {} are in its flat ends", percent_text(flat),
                        telling.names.where(place));
  }
  return text + fmt::format("; the recurrent weight by {}.", size_text(weight));
}

}  // namespace

std::string cause(const Telling& telling) {
  if (telling.finding.rule == "training_loop") {
    return "It lies in the calls around the network, whatever the network is.";
  }
  if (std::string text = signal_cause(telling); !text.empty()) return text;
  const std::string where = telling.names.where(telling.finding.cause.place);
  switch (telling.finding.cause.kind) {
    case CauseKind::unknown:
      if (telling.finding.rule == "not_learning") return ruled_out_text(telling);
      [[fallthrough]];
    case CauseKind::not_measured: return last_finite_text(telling);
    case CauseKind::activation_derivative: return derivative_text(telling);
    case CauseKind::weight_scale: return weight_text(telling);
    case CauseKind::weights_and_derivatives: return together_text(telling);
    case CauseKind::alignment:
      return fmt::format(
          "Alignment does {}: weights and derivatives have ordinary sizes, but this gradient "
          "points "
          "into the directions that they {}.",
          share_text(telling), is_loss(telling) ? "shrink" : "stretch");
    case CauseKind::residual_branch: return residual_text(telling);
    case CauseKind::normalisation: return normalisation_text(telling);
    case CauseKind::other_layers:
      return fmt::format("Dropout, reshaping, attention and what is not taken apart do {}.",
                         share_text(telling));
    case CauseKind::single_layer:
      return single_text(telling) + "; it is not taken apart, so the books cannot say how.";
    case CauseKind::row_normalisation: return row_text(telling);
    case CauseKind::gradient_is_zero: return zero_text(telling);
    case CauseKind::zero_weight:
      if (telling.has(Quantity::time_ends_at)) {
        return "Its recurrent weight is zero everywhere: nothing goes from one time step to the "
               "next.";
      }
      return ends_text(telling, "; its weight is zero everywhere");
    case CauseKind::zero_derivative:
      return ends_text(telling, "; its derivative is zero everywhere");
    case CauseKind::zero_start:
      return "Its weight starts at zero, as Fixup and careful output layers do.";
    case CauseKind::zero_rows: return "All weights of the layer are zero.";
    case CauseKind::drift: return drift_text(telling);
    case CauseKind::odd_weight:
    case CauseKind::odd_derivative:
    case CauseKind::odd_normalisation:
    case CauseKind::odd_branch: return odd_text(telling, where);
    case CauseKind::learning_rate:
    case CauseKind::clipping:
    case CauseKind::large_eps:
    case CauseKind::decayed_rate:
    case CauseKind::long_warm_up:
    case CauseKind::momentum:
    case CauseKind::small_rate:
    case CauseKind::weight_decay: return trainer_cause(telling);
    case CauseKind::only_weight_decay:
      return "What moves its weight is weight decay; the loss gives it next to no gradient.";
    case CauseKind::died_in_training: return died_text(telling);
    case CauseKind::silent_from_start:
      return "They were silent from the start: weights and biases keep their input below zero for "
             "every sample.";
    case CauseKind::large_input:
      if (telling.has(Quantity::gate)) return gate_input_text(telling);
      if (!telling.has(Quantity::x_rms)) return "Its input is large.";
      return "The input is too large: " + input_sizes(telling);
    case CauseKind::large_weight:
      if (telling.has(Quantity::gate)) return gate_input_text(telling);
      return "The weight is too large: " + input_sizes(telling);
    case CauseKind::large_bias:
      if (telling.has(Quantity::gate)) return gate_input_text(telling);
      return "The bias is too large, or the weight has aligned with its input: " +
             input_sizes(telling);
    case CauseKind::equal_start:
      return "The weights started equal (a constant instead of random numbers), and equal units "
             "get "
             "equal gradients.";
    case CauseKind::small_gradient:
      if (telling.finding.place.of == Place::Of::network) {
        return fmt::format(
            "The gradient of every weight is next to nothing; the learning rate of {:.2g} is not "
            "to "
            "blame.",
            telling.value(Quantity::learning_rate));
      }
      return "The gradient of its weight is that small against the others'.";
    case CauseKind::no_gradient:
      if (telling.finding.rule == "not_learning") return "No layer of the network has weights.";
      return "The loss gives none of the weights a gradient.";
    case CauseKind::data:
      return nonfinite_text(telling, "The data themselves hold it; the network is not to blame.");
    case CauseKind::broken_weight:
      return nonfinite_text(
          telling, capitalised(telling.names.place(telling.finding.cause.place)) +
                       " already held it when the step began: an earlier update broke it.");
    case CauseKind::forward_overflow: return forward_text(telling, where);
    case CauseKind::loss_overflow:
      return nonfinite_text(telling,
                            "All outputs are finite and the loss is not: log(0), an overflow in "
                            "exp, or a bad target.");
    case CauseKind::backward_overflow:
      return nonfinite_text(
          telling,
          fmt::format("The forward pass{} finite; the backward pass makes it at {}.",
                      telling.has(Quantity::finite_loss_step) ? " and the loss are" : " is",
                      where));
    case CauseKind::optimiser_overflow:
      return nonfinite_text(telling,
                            "Activations and gradients are finite; the optimiser makes it.");
    case CauseKind::large_gate_input:
      return "It was so from the start: its input, x and h times the weights, is too large.";
    case CauseKind::gate_drift: return "Training drove the weights and biases there.";
    case CauseKind::gate_carry: return carry_text(telling);
    case CauseKind::recurrent_weight:
      return telling.has(Quantity::gate_paths_log2_per_step) ? grown_paths_text(telling)
                                                             : recurrent_weight_text(telling);
    case CauseKind::recurrent_derivative: return recurrent_derivative_text(telling);
    case CauseKind::recurrence:
      return fmt::format("Each step back through the {} multiplies the gradient by {}.",
                         telling.kind_at(telling.finding.cause.place, "recurrent layer"),
                         size_at(telling, Quantity::time_per_step_log2));
    case CauseKind::rank:
    case CauseKind::depth:
    case CauseKind::output_activation:
    case CauseKind::no_activation:
    case CauseKind::few_outputs:
    case CauseKind::dropout: break;  // of signal_cause
    case CauseKind::norm_scale:
      return norm_text(telling, "scale (gamma)", Quantity::scale_rms, "1");
    case CauseKind::norm_shift: return norm_text(telling, "shift (beta)", Quantity::bias_rms, "0");
    case CauseKind::truncation:
      return fmt::format("The gradient is cut on purpose (bptt), at time step {}.",
                         telling.count(Quantity::time_ends_at));
    case CauseKind::slow_running_statistics:
    case CauseKind::unlike_running_statistics: return running_statistics_cause(telling);
    case CauseKind::number_format: return underflow_cause(telling);
    case CauseKind::batch_order: return batch_order_text();
    case CauseKind::learned_by_heart:
      return "It has learned what holds for the samples that it has seen alone.";
  }
  return {};
}

}  // namespace plumb::words
