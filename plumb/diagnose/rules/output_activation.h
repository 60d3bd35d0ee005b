// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    What stands before the loss cannot say what the loss asks for: an activation before a
///            loss that takes logits, or one whose range leaves out a part of the targets.
/// Measured   The structure: an activation between the last layer with weights and the loss, with
///            reshapes at most behind it, or values that add up to 1 for each sample (a softmax).
///            For logits, the lowest loss that such outputs can reach (where the range is known);
///            for values, the range of the targets (DataInfo::targets).
/// Threshold  Logits: any activation but one that passes everything; critical where the lowest loss
///            is above a quarter of the baseline, or where negative logits cannot be said.
///            Values: targets beyond the range by kBeyond of their deviation.
/// Silent     where the loss is another one, or its kind is not known.
/// Advice     drop_activation.
void check_output_activation(const RunView& view, std::vector<Finding>& findings);

inline constexpr double kBeyond = 0.25;
inline constexpr double kFloorFraction = 0.25;

}  // namespace plumb
