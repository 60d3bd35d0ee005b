// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    Weight decay takes the weights away faster than the loss builds them up.
/// Measured   The size of the weight of the median layer over the run, and the share that its decay
///            takes in a step: learning_rate * weight_decay (decay_of), where the optimiser does
///            not divide by the gradient's size or decays beside it; else 1 where the decay is
///            larger than the gradient.
/// Threshold  The median layer lost three quarters of its size, and decay outweighs the gradient of
///            the loss in the median layer: weights drawn for their fans have no reason to shrink
///            by 4, and at the usual decays they do not. Our choice; docs/rules/shrinking_weights.md.
///            Half of it is enough in a network that has learned nothing.
/// False alarms  A network that is pruned by decay on purpose.
/// Advice     Less weight decay.
void check_shrinking_weights(const RunView& view, std::vector<Finding>& findings);

inline constexpr double kShrinkLog2 = -2;
inline constexpr double kShrinkLog2AtBaseline = -1;

}  // namespace plumb
