// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    The activation at the output cannot say a part of the targets.
/// Measured   Its range (OutputEnd) against the smallest and the largest target of each column
///            (DataInfo::targets). The loss `mse` alone.
/// Threshold  Beyond the range by kBeyond of the deviation of the targets; critical where their
///            mean is outside. Our choice: docs/rules/output_range.md.
/// Silent     where the range or the targets are not known.
/// Advice     drop_activation, or scale_targets.
void check_output_range(const RunView& view, std::vector<Finding>& findings);

inline constexpr double kBeyond = 0.25;

}  // namespace plumb
