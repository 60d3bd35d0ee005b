// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/explain.h"

#include <algorithm>
#include <string_view>

namespace plumb {

namespace {

struct Relation {
  std::string_view root;
  std::string_view symptom;
  bool strictly_later = false;  ///< the symptom must begin after the root, not with it
};

// Roots first: a relation may only use a root that is not itself explained.
constexpr Relation kRelations[] = {
    {"symmetric_units", "vanishing_gradient"},
    {"symmetric_units", "stalled_layer"},
    {"symmetric_units", "dead_units"},
    {"symmetric_units", "saturated_activation"},
    {"exploding_gradient", "update_too_large"},
    {"exploding_gradient", "non_finite"},
    {"exploding_gradient", "dead_units", true},
    {"exploding_gradient", "saturated_activation", true},
    {"update_too_large", "dead_units", true},
    {"update_too_large", "saturated_activation", true},
    {"update_too_large", "exploding_gradient", true},
    {"update_too_large", "vanishing_gradient", true},
    {"update_too_large", "stalled_layer", true},
    {"update_too_large", "symmetric_units", true},
    {"update_too_large", "non_finite"},
    {"exploding_through_time", "update_too_large"},
    {"exploding_through_time", "exploding_gradient"},
    {"exploding_through_time", "non_finite"},
    {"exploding_through_time", "saturated_gate", true},
    {"update_too_large", "saturated_gate", true},
    {"update_too_large", "exploding_through_time", true},
    {"update_too_large", "vanishing_through_time", true},
    {"saturated_gate", "vanishing_through_time"},
    {"dead_units", "vanishing_gradient"},
    {"dead_units", "stalled_layer"},
    {"saturated_activation", "vanishing_gradient"},
    {"saturated_activation", "stalled_layer"},
    {"vanishing_gradient", "stalled_layer"},
    // Where the signal is tiny, the updates of the biases outweigh it and fix every unit on or off.
    {"vanishing_gradient", "dead_units", true},
};

/// Dead and saturated units explain a vanishing gradient only if the ledger blames the derivatives,
/// or cannot tell them from the weights.
bool ledger_agrees(const RunView& view, const Relation& relation) {
  const bool by_derivative =
      relation.root == "dead_units" || relation.root == "saturated_activation";
  if (!by_derivative || relation.symptom != "vanishing_gradient") return true;
  const std::vector<MeasuredStep>& steps = view.measured();
  return std::any_of(steps.begin(), steps.end(), [](const MeasuredStep& step) {
    const DepthFlow& flow = step.flow;
    if (!flow.known || flow.log2_judged() > -kFlowLog2Total) return false;
    const CauseKind cause = main_cause(flow);
    return flow.stops() || cause == CauseKind::activation_derivative ||
           cause == CauseKind::weights_and_derivatives;
  });
}

void follow(Finding& symptom, Finding& root) {
  symptom.explained_by = root.id;
  root.severity = std::max(root.severity, symptom.severity);
  if (symptom.severity == Severity::critical && symptom.rule != "non_finite") {
    symptom.severity = Severity::warning;
  } else if (symptom.severity == Severity::warning) {
    symptom.severity = Severity::note;
  }
}

}  // namespace

void explain(const RunView& view, std::vector<Finding>& findings) {
  for (const Relation& relation : kRelations) {
    if (!ledger_agrees(view, relation)) continue;
    for (Finding& symptom : findings) {
      if (symptom.rule != relation.symptom || symptom.is_explained()) continue;
      for (Finding& root : findings) {
        const bool in_time = relation.strictly_later ? root.first_step < symptom.first_step
                                                     : root.first_step <= symptom.first_step;
        if (root.rule != relation.root || root.is_explained() || !in_time) continue;
        follow(symptom, root);
        break;
      }
    }
  }
}

}  // namespace plumb
