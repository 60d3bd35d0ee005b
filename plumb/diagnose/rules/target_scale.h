// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    Target values far from mean 0 and deviation 1, so that the outputs have far to go and
///            the gradients are as large as the targets.
/// Measured   DataInfo::targets: the column with the largest rms.
/// Threshold  rms above kLargeTarget (critical at kVeryLargeTarget), or a deviation below
///            kSmallTarget. Our choice: docs/rules/target_scale.md.
/// Silent     for classes, and for losses other than mse.
/// Advice     scale_targets, as `--standardise` does.
void check_target_scale(const RunView& view, std::vector<Finding>& findings);

inline constexpr double kLargeTarget = 10;
inline constexpr double kVeryLargeTarget = 100;
inline constexpr double kSmallTarget = 0.01;

}  // namespace plumb
