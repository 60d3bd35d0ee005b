// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    The network begins far above the best constant answer: its outputs are sure of
///            something before they have seen anything, and training first has to unlearn it.
/// Measured   The loss of the first measured step over that of the best constant answer, and the
///            rms of the outputs.
/// Threshold  kLargeStart times (a note), a warning from kHarmfulStart, critical at
/// kVeryLargeStart, where the outputs are above
///            kLargeOutput; and the last layer itself makes them so: its bias half of them, or its
///            weight has a gain of kLargeHeadGain. Our choice: docs/rules/output_scale.md.
/// Silent     of other losses than cross-entropy, whose logits have a natural size; where the data
///            are the cause (input_scale says so); a network that starts from trained weights on
///            other labels looks the same.
/// Advice     smaller weights in the last layer, or zeros.
void check_output_scale(const RunView& view, std::vector<Finding>& findings);

inline constexpr double kLargeStart = 4;
inline constexpr double kHarmfulStart = 20;
inline constexpr double kVeryLargeStart = 100;
inline constexpr double kLargeOutput = 3;
inline constexpr double kLargeHeadGain = 4;

}  // namespace plumb
