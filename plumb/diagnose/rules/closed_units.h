// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    Units pushed into the closed side of their activation by what is added to them: a
///            very negative bias, or the shift of a normalisation. And normalisations whose scale
///            is next to nothing, so that their layer is.
/// Measured   Of activations that close below zero (low_slope of f' well below high_slope): mean
///            and deviation of what they read, the mean of the bias or shift in it, rms f' against
///            the usual. Of normalisations on the main chain: rms of the scale.
/// Threshold  A mean kShift deviations below zero, of which the bias does half at least, with f' at
///            a third of the usual; critical at a sixteenth. A scale of kSmallScale. Our choice:
///            docs/rules/closed_units.md.
/// Silent     at the ends of residual branches, which may start at zero; for activations that close
///            at both sides (saturated_activation) and gates (saturated_gate).
/// Advice     set_bias, set_scale; lower_rate where it was open in the first measured step, so that
///            training shut it. Units that died of it are told by dead_units.
void check_closed_units(const RunView& view, std::vector<Finding>& findings);

inline constexpr double kShift = 1.5;
inline constexpr double kClosedLog2 = -1.5;
inline constexpr double kVeryClosedLog2 = -4;
inline constexpr double kSmallScale = 0.03;

}  // namespace plumb
