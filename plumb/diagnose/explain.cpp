// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/explain.h"

#include <algorithm>
#include <string_view>

#include "plumb/diagnose/loop_faults.h"

namespace plumb {

namespace {

/// Findings are seen in measured steps; what comes of one in the same measured step happened in the
/// steps before it that nobody measured.
enum class Order : std::uint8_t {
  with,       ///< the root began no later than what it makes
  before,     ///< the root began earlier: a state follows from the updates before it
  seen_later  ///< or later: of the root a window of steps tells, of the symptom one batch
};

using Condition = bool (*)(const RunView& view, const Finding& root, const Finding& symptom);

struct Mechanism {
  std::string_view root;
  std::string_view symptom;
  Order order = Order::with;
  Condition holds = nullptr;  ///< null: always
};

bool is_adaptive(const RunView& view) {
  return view.info().optimiser_info && view.info().optimiser_info->is_adaptive();
}

/// A note about a scale is no cause, and data that hold a NaN are one of their own.
bool is_of_scale(const RunView&, const Finding& root, const Finding& symptom) {
  return root.severity != Severity::note && symptom.cause.kind != CauseKind::data;
}

bool is_alarm(const RunView&, const Finding& root, const Finding&) {
  return root.severity != Severity::note;
}

/// What training from weights that large learns is each sample by itself.
bool is_large_start(const RunView&, const Finding& root, const Finding&) {
  return root.first_step == 0 && root.cause.kind == CauseKind::large_weight;
}

/// Large inputs make the gradient of the first layer, and its step, as large, whatever else they
/// do; an optimiser that divides by the gradient's size takes that out.
bool is_of_large_input(const RunView& view, const Finding& root, const Finding& symptom) {
  const bool large = root.find(Quantity::small_input_rms) == nullptr;
  return is_of_scale(view, root, symptom) ||
         (large && !is_adaptive(view) && symptom.cause.kind == CauseKind::learning_rate);
}

/// A network that sees the end of a sequence alone can learn that by heart, sample by sample; where
/// it holds for no other sample, what there was to learn lay before.
bool forgets_from_start(const RunView&, const Finding& root, const Finding& symptom) {
  return root.first_step == 0 && root.severity != Severity::note &&
         symptom.severity == Severity::warning;
}

bool is_equal_start(const Finding& finding) {
  return finding.cause.kind == CauseKind::equal_start || finding.cause.kind == CauseKind::zero_rows;
}

bool is_of_all_layers(const Finding& finding) { return finding.place.of == Place::Of::network; }

/// Dead and saturated units take the gradient only where the ledger blames the derivatives, or
/// cannot tell them from the weights.
bool by_derivatives(const RunView& view, const Finding&, const Finding& symptom) {
  if (symptom.cause.kind == CauseKind::odd_weight ||
      symptom.cause.kind == CauseKind::odd_normalisation) {
    return false;
  }
  const std::vector<MeasuredStep>& steps = view.measured();
  return std::any_of(steps.begin(), steps.end(), [](const MeasuredStep& step) {
    const DepthFlow& flow = step.flow;
    if (!flow.known || flow.log2_judged() > -kFlowLog2Total) return false;
    const CauseKind cause = main_cause(flow);
    return flow.stops() || cause == CauseKind::activation_derivative ||
           cause == CauseKind::weights_and_derivatives;
  });
}

/// The gradient ends at the very units that are silent, though one batch more was needed to say so.
bool ends_at_root(const RunView&, const Finding& root, const Finding& symptom) {
  return root.cause.kind == CauseKind::silent_from_start &&
         symptom.cause.kind == CauseKind::zero_derivative && root.place == symptom.cause.place;
}
/// Without any there is no update that could fix a unit.
bool leaves_some_gradient(const RunView&, const Finding& root, const Finding&) {
  return root.cause.kind != CauseKind::zero_derivative &&
         root.cause.kind != CauseKind::gradient_is_zero;
}

/// Layers that lag behind others, or all of them for want of a gradient: not for want of a rate.
bool lacks_gradient(const RunView&, const Finding&, const Finding& symptom) {
  return !is_of_all_layers(symptom) || symptom.cause.kind == CauseKind::small_gradient ||
         symptom.cause.kind == CauseKind::no_gradient;
}

/// Rows that were equal from the start owe that to nobody; and equal ones take the same step
/// together, so that it is large.
bool root_is_from_start(const RunView&, const Finding& root, const Finding&) {
  return is_equal_start(root);
}
bool rows_became_equal(const RunView&, const Finding&, const Finding& symptom) {
  return !is_equal_start(symptom);
}

/// The step of an optimiser that divides by the gradient's size does not grow with it; and a
/// gradient that grew in training owes that to the steps.
bool step_grows_with_gradient(const RunView& view, const Finding& root, const Finding& symptom) {
  return !is_adaptive(view) && symptom.cause.kind != CauseKind::weight_decay &&
         root.cause.kind != CauseKind::drift;
}

bool is_decay(const RunView&, const Finding&, const Finding& symptom) {
  return symptom.cause.kind == CauseKind::weight_decay;
}

bool died_in_training(const RunView&, const Finding&, const Finding& symptom) {
  return symptom.cause.kind == CauseKind::died_in_training;
}

bool kills_units(const RunView& view, const Finding& root, const Finding& symptom) {
  return is_alarm(view, root, symptom) && died_in_training(view, root, symptom);
}

/// What a bias shut before the first step, and what training shut, which is how units die of it.
bool is_closed_from_start(const RunView& view, const Finding& root, const Finding&) {
  return view.first_forward() != nullptr && root.first_step <= view.first_forward()->step;
}
bool died_as_it_closed(const RunView& view, const Finding& root, const Finding& symptom) {
  return root.cause.kind == CauseKind::died_in_training &&
         !is_closed_from_start(view, symptom, symptom);
}

/// Over training, not over depth.
bool is_drift(const RunView&, const Finding&, const Finding& symptom) {
  return symptom.cause.kind == CauseKind::drift;
}

/// The layer next to the input passes nothing on, or too much of it, to all behind it.
bool is_large(const RunView&, const Finding& root, const Finding&) {
  const Fact* odd = root.find(Quantity::odd_log2);
  return odd != nullptr && odd->value > 0;
}

/// Weights that are too large make the outputs so too; the last layer's are what output_scale
/// means.
bool grows_forward(const RunView&, const Finding& root, const Finding& symptom) {
  const CauseKind cause = root.cause.kind;
  const bool by_size = cause == CauseKind::weight_scale || cause == CauseKind::odd_weight ||
                       cause == CauseKind::odd_normalisation || cause == CauseKind::odd_branch ||
                       cause == CauseKind::residual_branch;
  return by_size && root.place != symptom.place;
}
bool is_large_before_output(const RunView& view, const Finding& root, const Finding& symptom) {
  return is_large(view, root, symptom) && root.place != symptom.place;
}
/// A layer that drops all but one in twenty multiplies what is left by twenty, backwards too.
bool by_other_layers(const RunView&, const Finding&, const Finding& symptom) {
  return symptom.cause.kind == CauseKind::other_layers ||
         symptom.cause.kind == CauseKind::single_layer;
}
bool is_at_same_place(const RunView&, const Finding& root, const Finding& symptom) {
  return root.place == symptom.place;
}

/// The gradient ends where the format has no number for it, and was not lost on the way there.
bool ends_by_format(const RunView&, const Finding& root, const Finding& symptom) {
  const Fact* flow = root.find(Quantity::flow_log2);
  const bool ends = symptom.cause.kind == CauseKind::gradient_is_zero ||
                    symptom.cause.kind == CauseKind::zero_derivative;
  return ends && flow != nullptr && flow->value > -kFlowLog2Total;
}
/// It was: whatever makes it vanish made it too small for the format.
bool vanishes_before(const RunView&, const Finding&, const Finding& symptom) {
  const Fact* flow = symptom.find(Quantity::flow_log2);
  return flow != nullptr && flow->value <= -kFlowLog2Total;
}

/// Gradients that add up over the updates make each step larger than the last.
bool adds_up(const RunView& view, const Finding&, const Finding& symptom) {
  return has_loop_fault(view.info(), loop_fault::kNotReset) && symptom.first_step > 0;
}
/// Before any update was made.
bool began_without_a_loss(const RunView& view, const Finding&, const Finding&) {
  const auto& first = view.nonfinite().first;
  return first && first->step == 0 && !first->finite_loss;
}
bool began_with_a_loss(const RunView& view, const Finding& root, const Finding& symptom) {
  return !began_without_a_loss(view, root, symptom);
}
bool starves(const RunView& view, const Finding&, const Finding&) {
  const RunInfo& info = view.info();
  return has_loop_fault(info, loop_fault::kSevered) || has_loop_fault(info, loop_fault::kUntrained);
}
/// All targets of a batch are compared with each output: the batches alone tell them apart.
bool pairs_all(const RunView& view, const Finding&, const Finding&) {
  return has_loop_fault(view.info(), loop_fault::kBroadcast);
}

/// What can make what. Of several that fit, the first is meant.
constexpr Mechanism kMechanisms[] = {
    // What the calls around the network do comes before the network.
    {"training_loop", "update_too_large", Order::with, adds_up},
    {"training_loop", "exploding_gradient", Order::with, adds_up},
    {"training_loop", "non_finite", Order::with, adds_up},
    {"training_loop", "dead_units", Order::with, adds_up},
    {"training_loop", "saturated_activation", Order::with, adds_up},
    {"training_loop", "stalled_layer", Order::with, starves},
    {"training_loop", "zero_gradient", Order::with, starves},
    {"training_loop", "vanishing_gradient", Order::with, starves},
    {"training_loop", "sorted_batches", Order::with, pairs_all},
    // What the network gets and what stands at its end come before anything that it does with them.
    {"column_scale", "update_too_large", Order::with, is_of_large_input},
    {"column_scale", "saturated_activation", Order::with, is_of_scale},
    {"column_scale", "saturated_gate", Order::with, is_of_scale},
    {"column_scale", "vanishing_through_time", Order::with, is_of_scale},
    {"column_scale", "dead_units", Order::before, is_of_scale},
    {"column_scale", "exploding_gradient", Order::before, is_of_scale},
    {"column_scale", "vanishing_gradient", Order::before, is_of_scale},
    {"column_scale", "stalled_layer", Order::before, is_of_scale},
    {"column_scale", "non_finite", Order::before, is_of_scale},
    {"input_scale", "update_too_large", Order::with, is_of_large_input},
    {"input_scale", "saturated_activation", Order::with, is_of_scale},
    {"input_scale", "saturated_gate", Order::with, is_of_scale},
    {"input_scale", "vanishing_through_time", Order::with, is_of_scale},
    {"input_scale", "dead_units", Order::before, is_of_scale},
    {"input_scale", "exploding_gradient", Order::before, is_of_scale},
    {"input_scale", "vanishing_gradient", Order::before, is_of_scale},
    {"input_scale", "stalled_layer", Order::before, is_of_scale},
    {"input_scale", "non_finite", Order::before, is_of_scale},
    {"constant_features", "update_too_large", Order::with, is_of_scale},
    {"constant_features", "saturated_activation", Order::with, is_of_scale},
    {"constant_features", "saturated_gate", Order::with, is_of_scale},
    {"constant_features", "dead_units", Order::before, is_of_scale},
    {"constant_features", "exploding_gradient", Order::before, is_of_scale},
    {"constant_features", "vanishing_gradient", Order::before, is_of_scale},
    {"constant_features", "non_finite", Order::before, is_of_scale},
    {"constant_targets", "zero_gradient", Order::with, is_alarm},
    {"constant_targets", "update_too_large", Order::with, is_alarm},
    {"constant_targets", "dead_units", Order::with, is_alarm},
    {"constant_targets", "vanishing_gradient", Order::with, is_alarm},
    {"constant_targets", "exploding_gradient", Order::with, is_alarm},
    {"constant_targets", "stalled_layer", Order::with, is_alarm},
    {"constant_targets", "overfitting", Order::with, is_alarm},
    {"target_scale", "update_too_large", Order::with, is_of_scale},
    {"target_scale", "dead_units", Order::before, is_of_scale},
    {"target_scale", "exploding_gradient", Order::before, is_of_scale},
    {"target_scale", "vanishing_gradient", Order::before, is_of_scale},
    {"target_scale", "stalled_layer", Order::before, is_of_scale},
    {"target_scale", "non_finite", Order::before, is_of_scale},
    {"sorted_batches", "overfitting", Order::with, is_alarm},
    {"sorted_batches", "dead_units", Order::with, kills_units},
    {"sorted_batches", "closed_units", Order::before, is_alarm},
    {"sorted_batches", "saturated_activation", Order::before, is_alarm},
    {"sorted_batches", "vanishing_gradient", Order::before, is_alarm},
    {"exploding_gradient", "output_scale", Order::with, grows_forward},
    {"odd_layer", "output_scale", Order::with, is_large_before_output},
    {"output_scale", "exploding_gradient", Order::with, is_at_same_place},
    {"output_scale", "odd_layer", Order::with, is_at_same_place},
    {"output_scale", "update_too_large", Order::with, is_of_scale},
    {"saturated_activation", "overfitting", Order::with, is_large_start},
    {"output_scale", "overfitting", Order::with, is_large_start},
    {"saturated_gate", "overfitting", Order::with, forgets_from_start},
    {"vanishing_through_time", "overfitting", Order::with, forgets_from_start},
    {"output_range", "zero_gradient"},
    {"starving_dropout", "exploding_gradient", Order::with, by_other_layers},
    {"starving_dropout", "vanishing_gradient", Order::with, by_other_layers},
    {"tiny_normalisation", "vanishing_gradient"},
    {"tiny_normalisation", "zero_gradient"},
    {"tiny_normalisation", "dead_units", Order::before},
    {"tiny_normalisation", "stalled_layer"},
    {"symmetric_units", "closed_units"},
    {"closed_units", "vanishing_gradient"},
    {"closed_units", "dead_units", Order::with, is_closed_from_start},
    {"closed_units", "stalled_layer"},
    // What a number format has no room for.
    {"underflow", "zero_gradient"},
    {"underflow", "vanishing_gradient", Order::with, ends_by_format},
    {"underflow", "stalled_layer", Order::with, lacks_gradient},
    {"vanishing_gradient", "underflow", Order::with, vanishes_before},
    // How the weights were drawn comes before anything that training does with them.
    {"symmetric_units", "update_too_large", Order::with, root_is_from_start},
    {"symmetric_units", "vanishing_gradient"},
    {"symmetric_units", "stalled_layer", Order::with, lacks_gradient},
    {"symmetric_units", "dead_units"},
    {"symmetric_units", "collapsed_signal"},
    {"symmetric_units", "saturated_activation"},
    {"odd_layer", "exploding_gradient", Order::with, is_large},
    {"odd_layer", "update_too_large", Order::with, is_large},
    {"odd_layer", "dead_units", Order::before, is_large},
    {"odd_layer", "saturated_activation", Order::with, is_large},
    {"odd_layer", "non_finite", Order::with, is_large},
    {"exploding_gradient", "update_too_large", Order::with, step_grows_with_gradient},
    {"exploding_gradient", "non_finite"},
    {"exploding_gradient", "dead_units", Order::before},
    {"exploding_gradient", "saturated_activation", Order::before},
    {"exploding_through_time", "update_too_large", Order::with, step_grows_with_gradient},
    {"exploding_through_time", "exploding_gradient"},
    {"exploding_through_time", "non_finite"},
    {"exploding_through_time", "saturated_gate", Order::before},
    // What the trainer does to the weights.
    {"shrinking_weights", "update_too_large", Order::with, is_decay},
    {"shrinking_weights", "vanishing_gradient", Order::before},
    {"shrinking_weights", "vanishing_through_time", Order::before},
    {"shrinking_weights", "symmetric_units", Order::with, rows_became_equal},
    {"shrinking_weights", "stalled_layer", Order::before},
    {"shrinking_weights", "dead_units", Order::before},
    {"shrinking_weights", "closed_units", Order::before},
    // A step changes what the next one sees.
    {"update_too_large", "dead_units", Order::with, died_in_training},
    {"update_too_large", "closed_units", Order::before},
    {"dead_units", "closed_units", Order::with, died_as_it_closed},
    {"update_too_large", "saturated_activation", Order::before},
    {"update_too_large", "saturated_gate", Order::before},
    {"update_too_large", "exploding_gradient", Order::with, is_drift},
    {"update_too_large", "exploding_gradient", Order::before},
    {"update_too_large", "exploding_through_time", Order::before},
    {"update_too_large", "vanishing_gradient", Order::before},
    {"update_too_large", "vanishing_through_time", Order::before},
    {"update_too_large", "stalled_layer", Order::before, lacks_gradient},
    {"update_too_large", "symmetric_units", Order::before, rows_became_equal},
    {"update_too_large", "non_finite", Order::with, began_with_a_loss},
    {"non_finite", "update_too_large", Order::with, began_without_a_loss},
    // Units that pass nothing on.
    {"saturated_gate", "vanishing_through_time"},
    // What a shut gate keeps out, training drives the others to make up for.
    {"saturated_gate", "saturated_gate", Order::before},
    // Where the past does not reach the loss, the gates are trained by the last steps alone.
    {"vanishing_through_time", "saturated_gate", Order::before},
    {"dead_units", "vanishing_gradient", Order::with, by_derivatives},
    {"dead_units", "vanishing_gradient", Order::seen_later, ends_at_root},
    {"dead_units", "vanishing_through_time"},
    {"dead_units", "stalled_layer", Order::with, lacks_gradient},
    {"saturated_activation", "vanishing_gradient", Order::with, by_derivatives},
    {"saturated_activation", "stalled_layer", Order::with, lacks_gradient},
    {"vanishing_gradient", "stalled_layer", Order::with, lacks_gradient},
    {"vanishing_through_time", "stalled_layer", Order::with, lacks_gradient},
    // Where the signal is tiny, the updates of the biases outweigh it and fix every unit on or off.
    {"vanishing_gradient", "dead_units", Order::before, leaves_some_gradient},
};

bool is_in_time(Order order, const Finding& root, const Finding& symptom) {
  if (order == Order::seen_later) return true;
  return order == Order::before ? root.first_step < symptom.first_step
                                : root.first_step <= symptom.first_step;
}

Finding& with_id(std::vector<Finding>& findings, int id) {
  return *std::find_if(findings.begin(), findings.end(),
                       [id](const Finding& one) { return one.id == id; });
}

/// What the finding follows from in the end: itself, where that is nothing.
Finding& root_of(std::vector<Finding>& findings, Finding& finding) {
  Finding* root = &finding;
  while (root->explained_by) root = &with_id(findings, *root->explained_by);
  return *root;
}

void follow(std::vector<Finding>& findings, Finding& symptom, Finding& root) {
  symptom.explained_by = root.id;
  Finding& last = root_of(findings, root);
  last.severity = std::max(last.severity, symptom.severity);
  if (symptom.severity == Severity::critical && symptom.rule != "non_finite") {
    symptom.severity = Severity::warning;
  } else if (symptom.severity == Severity::warning) {
    symptom.severity = Severity::note;
  }
}

}  // namespace

void explain(const RunView& view, std::vector<Finding>& findings) {
  for (const Mechanism& mechanism : kMechanisms) {
    for (Finding& symptom : findings) {
      if (symptom.rule != mechanism.symptom || symptom.is_explained()) continue;
      for (Finding& root : findings) {
        if (root.rule != mechanism.root || !is_in_time(mechanism.order, root, symptom)) continue;
        if (&root_of(findings, root) == &symptom) continue;
        if (mechanism.holds != nullptr && !mechanism.holds(view, root, symptom)) continue;
        follow(findings, symptom, root);
        break;
      }
    }
  }
}

}  // namespace plumb
