// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    Bounded activations (ActivationTraits::saturates: sigmoid, tanh, softsign, hardtanh)
///            sit in their flat ends, or a clamped one (relu6) in its upper one.
/// Measured   The fraction of elements whose own derivative is below kSaturatedDerivative of the
///            activation's largest. Never the size of the output: that means nothing for an
///            unbounded activation, and half of the derivatives of a healthy relu are zero. An
///            activation that feeds no linear layer is left out: an output that is sure of itself
///            is saturated by intent.
/// Threshold  Half of a layer's elements; 9 in 10 is critical. Our choice:
///            docs/rules/saturated_activation.md.
/// Silent     where at most kCodeUnits units learned it: a code of yes and no is what so narrow a
///            layer is for.
/// False alarms  Gates that learned to be open or shut late in training.
/// Advice     By what makes z large: the input, the weight or the bias.
void check_saturated_activation(const RunView& view, std::vector<Finding>& findings);

/// Of an activation that is flat at both ends and has its corner at the origin (relu6: half of a
/// healthy layer is in the lower end): whether the start or the end of the run finds next to none
/// of it at zero, so that what is flat is so at the upper end.
bool is_flat_above(const RunView& view, LayerId layer);

inline constexpr std::int64_t kCodeUnits = 4;
inline constexpr double kSaturatedFraction = 0.5;
inline constexpr double kSaturatedFractionCritical = 0.9;

}  // namespace plumb
