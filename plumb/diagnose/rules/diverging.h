// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    The loss ends far above what it was before.
/// Measured   The loss at the end against the lowest stretch of the run, the baseline and the first
///            loss (Learning::lost).
/// Threshold  Half of what had been gained is gone, or the loss is twice the larger of the baseline
///            and the first loss; beyond four standard errors. Our choice:
///            docs/rules/diverging.md. Only where no other rule has found something above a note:
///            it is the cause then. A loss that is not a number is non_finite's.
/// False alarms  A schedule that was ended right after a restart of its rate.
/// Advice     A lower rate, clipping, warm-up.
void check_diverging(const RunView& view, std::vector<Finding>& findings);

}  // namespace plumb
