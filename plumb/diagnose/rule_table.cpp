// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "plumb/diagnose/rule.h"
#include "plumb/diagnose/rules/closed_units.h"
#include "plumb/diagnose/rules/collapsed_signal.h"
#include "plumb/diagnose/rules/collinear_columns.h"
#include "plumb/diagnose/rules/column_scale.h"
#include "plumb/diagnose/rules/constant_features.h"
#include "plumb/diagnose/rules/constant_targets.h"
#include "plumb/diagnose/rules/dead_units.h"
#include "plumb/diagnose/rules/diverging.h"
#include "plumb/diagnose/rules/exploding_gradient.h"
#include "plumb/diagnose/rules/exploding_through_time.h"
#include "plumb/diagnose/rules/input_scale.h"
#include "plumb/diagnose/rules/logits_activation.h"
#include "plumb/diagnose/rules/missing_outputs.h"
#include "plumb/diagnose/rules/no_activation.h"
#include "plumb/diagnose/rules/non_finite.h"
#include "plumb/diagnose/rules/not_learning.h"
#include "plumb/diagnose/rules/odd_layer.h"
#include "plumb/diagnose/rules/output_range.h"
#include "plumb/diagnose/rules/output_scale.h"
#include "plumb/diagnose/rules/overfitting.h"
#include "plumb/diagnose/rules/running_statistics.h"
#include "plumb/diagnose/rules/saturated_activation.h"
#include "plumb/diagnose/rules/saturated_gate.h"
#include "plumb/diagnose/rules/shrinking_weights.h"
#include "plumb/diagnose/rules/sorted_batches.h"
#include "plumb/diagnose/rules/stalled_layer.h"
#include "plumb/diagnose/rules/starving_dropout.h"
#include "plumb/diagnose/rules/symmetric_units.h"
#include "plumb/diagnose/rules/target_scale.h"
#include "plumb/diagnose/rules/tiny_normalisation.h"
#include "plumb/diagnose/rules/training_loop.h"
#include "plumb/diagnose/rules/underflow.h"
#include "plumb/diagnose/rules/update_too_large.h"
#include "plumb/diagnose/rules/vanishing_gradient.h"
#include "plumb/diagnose/rules/vanishing_through_time.h"
#include "plumb/diagnose/rules/zero_gradient.h"

namespace plumb {

namespace {

constexpr std::array kRules{
    RuleEntry{"training_loop", "calls around the network that do not do what was meant",
              check_training_loop},
    RuleEntry{"non_finite", "a NaN or an infinity, and what produced the first one",
              check_non_finite},
    RuleEntry{"zero_gradient", "a loss that gives no weight a gradient", check_zero_gradient},
    RuleEntry{"underflow", "gradients that float16 rounds to zero", check_underflow},
    RuleEntry{"column_scale", "an input column that is much larger than the others",
              check_column_scale},
    RuleEntry{"input_scale", "inputs far from mean 0 and deviation 1", check_input_scale},
    RuleEntry{"target_scale", "targets far from mean 0 and deviation 1", check_target_scale},
    RuleEntry{"logits_activation", "an activation before a loss that takes logits",
              check_logits_activation},
    RuleEntry{"output_range", "an output activation that cannot say the targets",
              check_output_range},
    RuleEntry{"missing_outputs", "fewer outputs than classes", check_missing_outputs},
    RuleEntry{"constant_features", "input columns, or samples, that are all the same",
              check_constant_features},
    RuleEntry{"constant_targets", "labels of one class, or targets of one value",
              check_constant_targets},
    RuleEntry{"no_activation", "layers with weights and no activation between them",
              check_no_activation},
    RuleEntry{"tiny_normalisation", "a normalisation over one value, two or three",
              check_tiny_normalisation},
    RuleEntry{"starving_dropout", "dropout that leaves a layer next to nothing",
              check_starving_dropout},
    RuleEntry{"closed_units", "biases and scales that shut a layer", check_closed_units},
    RuleEntry{"collapsed_signal", "samples that all look alike to the last layers",
              check_collapsed_signal},
    RuleEntry{"symmetric_units", "units with the same weights, which training cannot tell apart",
              check_symmetric_units},
    RuleEntry{"dead_units", "units of a relu layer that are silent for every sample",
              check_dead_units},
    RuleEntry{"saturated_activation", "bounded activations in their flat ends",
              check_saturated_activation},
    RuleEntry{"saturated_gate", "gates of a recurrent layer stuck in their flat ends",
              check_saturated_gate},
    RuleEntry{"output_scale", "outputs that start far too large", check_output_scale},
    RuleEntry{"shrinking_weights", "weight decay that takes the weights away",
              check_shrinking_weights},
    RuleEntry{"update_too_large", "steps that are large against the weights they change",
              check_update_too_large},
    RuleEntry{"exploding_gradient", "a gradient that grows over depth or over time",
              check_exploding_gradient},
    RuleEntry{"vanishing_gradient", "a gradient that shrinks from the loss to the first layer",
              check_vanishing_gradient},
    RuleEntry{"odd_layer", "one layer out of line with the others", check_odd_layer},
    RuleEntry{"exploding_through_time",
              "a gradient that grows from the last time step to the first",
              check_exploding_through_time},
    RuleEntry{"vanishing_through_time",
              "a gradient that shrinks from the last time step to the first",
              check_vanishing_through_time},
    RuleEntry{"stalled_layer", "a layer that does not move while others do", check_stalled_layer},
    RuleEntry{"running_statistics",
              "running statistics of a normalisation that are not those of the batches",
              check_running_statistics},
    RuleEntry{"overfitting", "training that fits while validation does not", check_overfitting},
    // These ask what the rules before them have found.
    RuleEntry{"sorted_batches", "batches of samples that are of a kind", check_sorted_batches},
    RuleEntry{"collinear_columns", "input columns that say nearly the same",
              check_collinear_columns},
    RuleEntry{"diverging", "a loss that ends far above what it was", check_diverging},
    RuleEntry{"not_learning", "no better than the best constant answer, for no known cause",
              check_not_learning},
};

}  // namespace

std::span<const RuleEntry> rule_table() { return kRules; }

}  // namespace plumb
