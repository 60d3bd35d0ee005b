// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    Target values far from mean 0 and deviation 1, so that the outputs have far to go and
///            the gradients are as large as the targets.
/// Measured   DataInfo::targets: the column with the largest rms.
/// Threshold  rms above kLargeTarget (critical at kVeryLargeTarget) or below kSmallTarget, or below
///            kRatherSmallTarget where the network learns badly (learning_finding.h); or a mean of
///            kFarOffTarget deviations, where the loss of outputs near 0 begins a hundred times
///            above that of the mean. Our choice: docs/rules/target_scale.md.
/// Silent     for classes, and for losses that are no distance (mse, l1, smooth_l1, huber).
/// Advice     scale_targets, as `--standardise` does.
void check_target_scale(const RunView& view, std::vector<Finding>& findings);

inline constexpr double kLargeTarget = 10;
inline constexpr double kVeryLargeTarget = 100;
inline constexpr double kSmallTarget = 0.01;
inline constexpr double kRatherSmallTarget = 0.05;
inline constexpr double kFarOffTarget = 10;

}  // namespace plumb
