// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "plumb/diagnose/rule.h"
#include "plumb/diagnose/rules/dead_units.h"
#include "plumb/diagnose/rules/diverging.h"
#include "plumb/diagnose/rules/exploding_gradient.h"
#include "plumb/diagnose/rules/exploding_through_time.h"
#include "plumb/diagnose/rules/non_finite.h"
#include "plumb/diagnose/rules/not_learning.h"
#include "plumb/diagnose/rules/overfitting.h"
#include "plumb/diagnose/rules/running_statistics.h"
#include "plumb/diagnose/rules/saturated_activation.h"
#include "plumb/diagnose/rules/saturated_gate.h"
#include "plumb/diagnose/rules/stalled_layer.h"
#include "plumb/diagnose/rules/symmetric_units.h"
#include "plumb/diagnose/rules/update_too_large.h"
#include "plumb/diagnose/rules/vanishing_gradient.h"
#include "plumb/diagnose/rules/vanishing_through_time.h"
#include "plumb/diagnose/rules/zero_gradient.h"

namespace plumb {

namespace {

constexpr std::array kRules{
    RuleEntry{"non_finite", "a NaN or an infinity, and what produced the first one",
              check_non_finite},
    RuleEntry{"zero_gradient", "a loss that gives no weight a gradient", check_zero_gradient},
    RuleEntry{"symmetric_units", "units with the same weights, which training cannot tell apart",
              check_symmetric_units},
    RuleEntry{"dead_units", "units of a relu layer that are silent for every sample",
              check_dead_units},
    RuleEntry{"saturated_activation", "bounded activations in their flat ends",
              check_saturated_activation},
    RuleEntry{"saturated_gate", "gates of a recurrent layer stuck in their flat ends",
              check_saturated_gate},
    RuleEntry{"update_too_large", "steps that are large against the weights they change",
              check_update_too_large},
    RuleEntry{"exploding_gradient", "a gradient that grows over depth or over time",
              check_exploding_gradient},
    RuleEntry{"vanishing_gradient", "a gradient that shrinks from the loss to the first layer",
              check_vanishing_gradient},
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
    RuleEntry{"diverging", "a loss that ends far above what it was", check_diverging},
    RuleEntry{"not_learning", "no better than the best constant answer, for no known cause",
              check_not_learning},
};

}  // namespace

std::span<const RuleEntry> rule_table() { return kRules; }

}  // namespace plumb
