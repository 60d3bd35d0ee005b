// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "plumb/diagnose/time_finding.h"
#include "plumb/diagnose/words/learning_words.h"
#include "plumb/diagnose/words/sentences.h"
#include "plumb/diagnose/words/signal_words.h"
#include "plumb/diagnose/words/sizes.h"
#include "plumb/diagnose/words/underflow_words.h"

namespace plumb::words {

namespace {

/// What the optimiser makes of it: how much faster the last layer moves than the first.
std::string vanishing_gradient(const Telling& telling) {
  if (telling.finding.cause.kind == CauseKind::zero_start) {
    return "The first update of that weight ends it, unless the layer is frozen.";
  }
  if (telling.has(Quantity::odd_log2)) {
    return fmt::format("The layers before {} get next to no gradient through it.",
                       telling.names.where(telling.finding.place));
  }
  const double total = telling.value(Quantity::flow_log2);
  if (std::isinf(total)) return "The layers before it get no gradient at all and do not learn.";
  const Fact* learning = telling.fact(Quantity::learning_log2);
  if (learning == nullptr) return "The early layers learn far more slowly than the late ones.";
  const std::string first = telling.names.where(learning->place);
  const std::string last = telling.names.where(learning->reference);
  const bool by_update = learning->place.role == Role::update;
  const bool rescaled = telling.info.optimiser_info && telling.info.optimiser_info->is_adaptive();
  if (learning->value < 0.5 * total) {
    if (by_update || !rescaled) {
      return fmt::format(
          "{} {} {} times more slowly than {}: what it does stays close to its random start.",
          capitalised(first), by_update ? "learns" : "would learn", size_text(-learning->value),
          last);
    }
    return fmt::format(
        "Against its weight the gradient of {} is {} times smaller than that of {}; {} makes up "
        "for the size of it.",
        first, size_text(-learning->value), last, telling.info.optimiser);
  }
  if (by_update && rescaled) {
    return fmt::format(
        "The updates show little of it ({} against {}: {}), for {} divides each by the size of its "
        "gradient; what is left of the direction in so small a gradient is another question.",
        first, last, size_text(learning->value), telling.info.optimiser);
  }
  return fmt::format(
      "The {} show little of it ({} against {}: {}), because the signal shrinks on the way forward "
      "as well: all layers learn slowly together, and the output hardly depends on the input.",
      by_update ? "updates" : "weight gradients", first, last, size_text(learning->value));
}

std::string exploding_gradient(const Telling& telling) {
  if (telling.has(Quantity::odd_log2)) {
    return fmt::format(
        "The layers before {} get that much more of a gradient than those behind it, and no "
        "learning "
        "rate fits both.",
        telling.names.where(telling.finding.place));
  }
  return telling.has(Quantity::gradient_norm_growth_log2)
             ? "Each such step throws away what was learned before; the run diverges or ends in "
               "NaN."
             : "The first layers take far larger steps than the last ones, and no learning rate "
               "fits both; with more depth, or after a few steps, the numbers overflow.";
}

std::string vanishing_through_time(const Telling& telling) {
  const long long memory = telling.count(Quantity::memory_steps);
  const std::string reach =
      memory > 0 ? fmt::format("It learns from the last {}", count_text(memory + 1, "time step"))
                 : std::string("It learns from the last time step alone");
  std::string text = fmt::format(
      "{}: what came before adds less than a hundredth to the gradient of its weights.", reach);
  if (telling.value(Quantity::time_kept_log2) < kFloatRoundingLog2 &&
      !telling.has(Quantity::time_ends_at)) {
    text += " While that is so, the part of the first steps is below the rounding of a float.";
  }
  return text;
}

std::string exploding_through_time(const Telling&) {
  return "The oldest time steps decide over the gradient of the weights, and one sequence can "
         "throw the training off a cliff; over longer sequences the numbers overflow.";
}

std::string non_finite(const Telling&) {
  return "A NaN spreads to everything that is computed from it: after the next update no weight is "
         "left to train.";
}

std::string symmetric_units(const Telling& telling) {
  if (telling.finding.over) {
    return fmt::format("After step {} they differ, by what little the updates before had in them.",
                       telling.finding.last_step);
  }
  const long long units = telling.count(Quantity::units);
  return fmt::format(
      "Training cannot tell these units apart: {} works as if it had {} instead of {}.",
      telling.where(Quantity::units),
      count_text(units - telling.count(Quantity::duplicate_units), "unit"), units);
}

std::string dead_units(const Telling& telling) {
  return telling.value(Quantity::dead_fraction) == 1
             ? fmt::format("No gradient passes {}, and nothing before it learns.",
                           telling.where(Quantity::dead_fraction))
             : "A dead unit gets no gradient and seldom comes back; the layer works as if it were "
               "that much narrower.";
}

std::string saturated_activation(const Telling& telling) {
  return fmt::format(
      "Where the slope is nearly 0 no gradient passes: {} and all layers before learn from the few "
      "values that are left.",
      telling.names.where(telling.finding.place));
}

std::string saturated_gate(const Telling& telling) {
  switch (gate_of(telling)) {
    case TimeQuantity::output_gate:
      return "A cell whose output gate is shut is mute: it gets no gradient and learns nothing.";
    case TimeQuantity::forget_gate:
      return "What is forgotten at once cannot be learned: the gate is shut so firmly that it "
             "hardly gets a gradient to open.";
    default: break;
  }
  return "Where it is flat no gradient passes: the layer can hardly change what it writes, and the "
         "gradient through time is lost there too.";
}

std::string update_too_large(const Telling&) {
  return "After a few such steps a layer has forgotten its start: the loss jumps about or "
         "diverges, and units die or saturate.";
}

std::string odd_layer(const Telling& telling) {
  return telling.value(Quantity::odd_log2) < 0
             ? "What it adds to the signal is lost among what the others do, and so is what comes "
               "back through it."
             : "The signal behind it is that much too large, and so is the gradient of every "
               "weight "
               "there: no learning rate fits all layers.";
}

std::string shrinking_weights(const Telling&) {
  return "The signal fades with them, on the way forward and back: what the loss teaches is "
         "forgotten "
         "before it adds up.";
}

std::string stalled_layer(const Telling& telling) {
  return telling.has(Quantity::fastest_pace_log2)
             ? telling.finding.cause.kind == CauseKind::decayed_rate
                   ? "What is not learned by then is not learned in the rest of the run."
                   : "At this pace training does not leave its start in so many steps."
             : fmt::format("While the median layer renews itself, {} stays at its random start.",
                           telling.where(Quantity::relative_pace_log2));
}

struct Row {
  std::string_view rule;
  std::string (*text)(const Telling&);
};

constexpr std::array kRules{Row{"non_finite", non_finite},
                            Row{"zero_gradient", zero_gradient_consequence},
                            Row{"underflow", underflow_consequence},
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
                            Row{"running_statistics", running_statistics_consequence},
                            Row{"overfitting", overfitting_consequence},
                            Row{"diverging", diverging_consequence},
                            Row{"not_learning", not_learning_consequence}};

}  // namespace

std::string consequence(const Telling& telling) {
  for (const Row& row : kRules) {
    if (row.rule == telling.finding.rule) return row.text(telling);
  }
  return signal_consequence(telling);
}

}  // namespace plumb::words
