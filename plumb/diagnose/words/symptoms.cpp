// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "plumb/diagnose/rules/saturated_gate.h"
#include "plumb/diagnose/standstill.h"
#include "plumb/diagnose/words/learning_words.h"
#include "plumb/diagnose/words/sentences.h"
#include "plumb/diagnose/words/signal_words.h"
#include "plumb/diagnose/words/sizes.h"
#include "plumb/diagnose/words/underflow_words.h"
#include "plumb/record/step_record.h"

namespace plumb::words {

namespace {

std::string over_text(const Finding& finding) {
  return finding.over ? fmt::format(" After step {} it no longer shows.", finding.last_step) : "";
}

std::string top_text(const Telling& telling) {
  return telling.names.layer_of(
      layer_at(telling.info, telling.fact(Quantity::flow_log2)->reference));
}

bool is_odd(CauseKind kind) {
  return kind == CauseKind::odd_weight || kind == CauseKind::odd_derivative ||
         kind == CauseKind::odd_normalisation || kind == CauseKind::odd_branch;
}

/// One layer does it: the way as a whole is said after it.
std::string at_one_layer(const Telling& telling, const char* does) {
  const Fact& flow = *telling.fact(Quantity::flow_log2);
  return fmt::format(
      "At {} the gradient {} {} times its size against what the other layers do; on the whole way "
      "from {} back to {} it keeps {} times its size.{}",
      telling.names.where(telling.finding.place), does,
      size_text(telling.value(Quantity::odd_log2)), top_text(telling),
      telling.names.where(flow.place), size_text(flow.value), over_text(telling.finding));
}

std::string odd_layer(const Telling& telling) {
  return fmt::format("{} is out of line with the others: it multiplies by {} times what they do.",
                     capitalised(telling.names.where(telling.finding.place)),
                     size_text(telling.value(Quantity::odd_log2)));
}

std::string shrinking_weights(const Telling& telling) {
  return fmt::format(
      "The weights shrink: by step {} that of the median layer is {} times as large "
      "as at the start.",
      telling.count(Quantity::shown_at_step),
      size_text(telling.value(Quantity::weight_change_log2)));
}

/// What the rules through time judge is left out of a flow over depth.
std::string without_time_text(const Telling& telling) {
  return telling.has(Quantity::recurrence_log2) ? ", without what recurrent layers do on the way"
                                                : "";
}

std::string vanishing_gradient(const Telling& telling) {
  if (is_odd(telling.finding.cause.kind)) return at_one_layer(telling, "shrinks to");
  const std::string bottom = telling.names.where(telling.finding.place);
  if (telling.finding.cause.kind == CauseKind::zero_start) {
    return fmt::format(
        "No gradient gets past {} in this step, so nothing is known of the layers before it.",
        bottom);
  }
  const std::string over = over_text(telling.finding);
  const double total = telling.value(Quantity::flow_log2);
  if (std::isinf(total)) {
    return fmt::format("The gradient ends at {}: nothing of it reaches the layers before.{}",
                       bottom, over);
  }
  return fmt::format(
      "From {} back to {} the gradient shrinks to {} of its size{}: on average a layer passes on "
      "{} "
      "of it.{}",
      top_text(telling), bottom, size_text(total), without_time_text(telling),
      size_text(telling.value(Quantity::flow_log2_per_layer)), over);
}

std::string exploding_gradient(const Telling& telling) {
  if (telling.has(Quantity::gradient_norm_growth_log2)) {
    return fmt::format(
        "The norm of all gradients grew to {} times what it was in the first steps ({:.2g}), from "
        "step {} on.",
        size_text(telling.value(Quantity::gradient_norm_growth_log2)),
        telling.value(Quantity::first_gradient_norm), telling.finding.first_step);
  }
  if (is_odd(telling.finding.cause.kind)) return at_one_layer(telling, "grows to");
  return fmt::format(
      "From {} back to {} the gradient grows to {} times its size{}: on average a layer multiplies "
      "it by {}.{}",
      top_text(telling), telling.names.where(telling.finding.place),
      size_text(telling.value(Quantity::flow_log2)), without_time_text(telling),
      size_text(telling.value(Quantity::flow_log2_per_layer)), over_text(telling.finding));
}

std::string vanishing_through_time(const Telling& telling) {
  const std::string where = telling.names.where(telling.finding.place);
  const std::string over = over_text(telling.finding);
  if (telling.has(Quantity::time_ends_at)) {
    return fmt::format(
        "In {} the gradient ends at time step {} of {}: nothing of it reaches the {} steps.{}",
        where, telling.count(Quantity::time_ends_at), telling.count(Quantity::time_steps),
        telling.finding.place.reverse ? "later" : "earlier", over);
  }
  const std::string efold =
      telling.has(Quantity::time_steps_per_efold)
          ? fmt::format(", by e in {:.3g} steps", telling.value(Quantity::time_steps_per_efold))
          : "";
  return fmt::format(
      "In {} the gradient shrinks to {} of its size over {} time steps back: {} a step{}.{}", where,
      size_text(telling.value(Quantity::time_kept_log2)),
      telling.count(Quantity::time_steps_crossed),
      size_text(telling.value(Quantity::time_per_step_log2)), efold, over);
}

std::string exploding_through_time(const Telling& telling) {
  return fmt::format(
      "In {} the gradient grows to {} times its size over {} time steps back: {} a step.{}",
      telling.names.where(telling.finding.place),
      size_text(telling.value(Quantity::time_kept_log2)),
      telling.count(Quantity::time_steps_crossed),
      size_text(telling.value(Quantity::time_per_step_log2)), over_text(telling.finding));
}

std::string non_finite(const Telling& telling) {
  const Finding& finding = telling.finding;
  const bool by_loss = telling.has(Quantity::nonfinite_loss_step);
  const char* what = by_loss ? "loss" : "gradient norm";
  if (!telling.has(Quantity::shown_at_step)) {
    return fmt::format("The {} is not finite at step {}, which was not measured.", what,
                       finding.first_step);
  }
  std::string text =
      fmt::format("The first non-finite value is in {} at step {}",
                  telling.names.place(finding.place), telling.count(Quantity::shown_at_step));
  if (telling.has(Quantity::nonfinite_count)) {
    text += fmt::format(": {} of {} values", telling.count(Quantity::nonfinite_count),
                        telling.count(Quantity::value_count));
  }
  text += ".";
  if (finding.first_step != telling.count(Quantity::shown_at_step)) {
    text +=
        fmt::format(" The {} was not finite from step {} on; steps in between were not measured.",
                    what, finding.first_step);
  }
  return text;
}

std::string symmetric_units(const Telling& telling) {
  std::string text =
      fmt::format("{} of the {} units of {} repeat the weights of another unit exactly",
                  telling.count(Quantity::duplicate_units), telling.count(Quantity::units),
                  telling.where(Quantity::units));
  const long long layers = telling.count(Quantity::layers_affected);
  return text + (layers == 1 ? "." : fmt::format("; {} layers have such units.", layers));
}

std::string dead_units(const Telling& telling) {
  std::string text =
      fmt::format("{} of {} units of {} gave zero for each of {} samples (step {})",
                  telling.count(Quantity::dead_units), telling.count(Quantity::units),
                  telling.where(Quantity::units), telling.count(Quantity::window_samples),
                  telling.count(Quantity::largest_at_step));
  const long long layers = telling.count(Quantity::layers_affected);
  return text + (layers == 1 ? "."
                             : fmt::format("; {} of {} such layers have too many dead units.",
                                           layers, telling.count(Quantity::layers_judged)));
}

std::string saturated_activation(const Telling& telling) {
  std::string text = fmt::format(
      "{} of the values of {} are in its flat ends (step {}), where its slope f' is below {} of "
      "the "
      "largest",
      percent_text(telling.value(Quantity::saturated_fraction)),
      telling.where(Quantity::saturated_fraction), telling.count(Quantity::largest_at_step),
      percent_text(kSaturatedDerivative));
  const long long layers = telling.count(Quantity::layers_affected);
  if (layers == 1) return text + ".";
  return text + fmt::format("; so it is in {} layers, and {} is the worst ({}).", layers,
                            telling.where(Quantity::worst_saturated_fraction),
                            percent_text(telling.value(Quantity::worst_saturated_fraction)));
}

std::string saturated_gate(const Telling& telling) {
  const TimeQuantity gate = gate_of(telling);
  return fmt::format("{} of the values of {} of {} are {}, where its slope is next to nothing.",
                     percent_text(telling.value(Quantity::saturated_fraction)), gate_text(gate),
                     telling.names.where(telling.finding.place),
                     is_judged_at_both_ends(gate) ? "in its flat ends" : "shut");
}

std::string update_too_large(const Telling& telling) {
  std::string text = fmt::format(
      "Steps are too large in {} of {}: one step changes the weight of {} by {} times its size "
      "(step {}).",
      telling.count(Quantity::layers_affected),
      count_text(telling.count(Quantity::layers_judged), "layer"),
      telling.where(Quantity::update_log2), size_text(telling.value(Quantity::update_log2)),
      telling.count(Quantity::largest_at_step));
  const auto loss = [&](Quantity quantity) {
    return telling.has(quantity) ? loss_text(telling.value(quantity)) : "no number";
  };
  if (telling.finding.first_step == telling.finding.last_step) return text;
  return text + fmt::format(" From step {} to step {} the loss went from {} to {}.",
                            telling.finding.first_step, telling.finding.last_step,
                            loss(Quantity::loss_at_first), loss(Quantity::loss_at_last));
}

std::string stalled_layer(const Telling& telling) {
  if (telling.has(Quantity::fastest_pace_log2)) {
    const bool stopped = telling.finding.cause.kind == CauseKind::decayed_rate;
    const bool slow = telling.value(Quantity::moved_log2) > std::log2(kUnlearnedMoved);
    return fmt::format(
        "{}{}: the fastest one changes by {} of its weight a step at the most, and by {} in all.",
        slow ? "All layers move slowly" : "No layer moves",
        stopped ? fmt::format(" from step {} on", telling.finding.first_step) : "",
        size_text(telling.value(Quantity::fastest_pace_log2)),
        size_text(telling.value(Quantity::moved_log2)));
  }
  const long long layers = telling.count(Quantity::layers_affected);
  return fmt::format(
      "{} of {} layers hardly {}: {} changes by {} of its weight a step, {} of what the median "
      "layer does.",
      layers, telling.count(Quantity::layers_judged), layers == 1 ? "moves" : "move",
      telling.where(Quantity::pace_log2), size_text(telling.value(Quantity::pace_log2)),
      size_text(telling.value(Quantity::relative_pace_log2)));
}

struct Row {
  std::string_view rule;
  std::string (*text)(const Telling&);
};

constexpr std::array kRules{Row{"non_finite", non_finite},
                            Row{"zero_gradient", zero_gradient_symptom},
                            Row{"underflow", underflow_symptom},
                            Row{"symmetric_units", symmetric_units},
                            Row{"dead_units", dead_units},
                            Row{"saturated_activation", saturated_activation},
                            Row{"saturated_gate", saturated_gate},
                            Row{"update_too_large", update_too_large},
                            Row{"exploding_gradient", exploding_gradient},
                            Row{"vanishing_gradient", vanishing_gradient},
                            Row{"exploding_through_time", exploding_through_time},
                            Row{"vanishing_through_time", vanishing_through_time},
                            Row{"odd_layer", odd_layer},
                            Row{"shrinking_weights", shrinking_weights},
                            Row{"stalled_layer", stalled_layer},
                            Row{"running_statistics", running_statistics_symptom},
                            Row{"overfitting", overfitting_symptom},
                            Row{"diverging", diverging_symptom},
                            Row{"not_learning", not_learning_symptom}};

}  // namespace

std::string symptom(const Telling& telling) {
  for (const Row& row : kRules) {
    if (row.rule == telling.finding.rule) return row.text(telling);
  }
  return signal_symptom(telling);
}

const char* gate_text(TimeQuantity gate) {
  switch (gate) {
    case TimeQuantity::input_gate: return "the input gate";
    case TimeQuantity::forget_gate: return "the forget gate";
    case TimeQuantity::cell_gate: return "the cell gate";
    case TimeQuantity::output_gate: return "the output gate";
    case TimeQuantity::reset_gate: return "the reset gate";
    case TimeQuantity::update_gate: return "the update gate";
    case TimeQuantity::new_gate: return "the new gate";
    default: break;
  }
  return "the state h";
}

TimeQuantity gate_of(const Telling& telling) {
  return static_cast<TimeQuantity>(telling.count(Quantity::gate));
}

}  // namespace plumb::words
