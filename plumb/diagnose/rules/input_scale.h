// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    Inputs far from mean 0 and deviation 1, all of them together.
/// Measured   DataInfo::inputs: the rms over all columns; and what it does (InputEffect).
/// Threshold  kLargeInput and above, judged by its effect; kSmallInput and below, a warning. Or
///            means of kFarOff deviations, a warning, and of kOff where the network learns badly
///            (learning_finding.h): the root of the squares of all means over the variances. Our
///            choice: docs/rules/input_scale.md.
/// Silent     where column_scale speaks; where a normalisation over the samples stands in front of
///            the first layer with weights, which scales each column for itself; where the data are
///            not known.
/// Advice     scale_inputs, as `--standardise` does.
void check_input_scale(const RunView& view, std::vector<Finding>& findings);

inline constexpr double kLargeInput = 5;
inline constexpr double kSmallInput = 0.02;
inline constexpr double kFarOff = 10;
inline constexpr double kOff = 3;

}  // namespace plumb
