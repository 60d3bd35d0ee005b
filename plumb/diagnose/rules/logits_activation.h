// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    An activation stands before a loss that takes logits, and keeps right answers from
/// it. Measured   The structure (OutputEnd), and the lowest loss that outputs within its range can
///            reach, where the range is known.
/// Threshold  Any activation but one that passes everything; critical where the lowest loss is
///            above kFloorFraction of that of the best constant answer, or where no negative logit
///            can be said. Our choice: docs/rules/logits_activation.md.
/// Silent     where the loss is another one, or its kind is not known.
/// Advice     drop_activation.
void check_logits_activation(const RunView& view, std::vector<Finding>& findings);

inline constexpr double kFloorFraction = 0.25;

}  // namespace plumb
