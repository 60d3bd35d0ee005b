// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    The network has had its steps and answers no better than the best constant answer.
/// Measured   The loss at the end against the baseline of the training part (learning.h,
///            Baseline), and the accuracy where there is one.
/// Threshold  Less than 1/20 of the way from the baseline to zero by the loss and less than 3/10 by
///            the accuracy, after 100 steps or more, the last quarter of which is not below the one
///            before; not where the validation part is better than the baseline beyond chance. Our
///            choice: docs/rules/not_learning.md.
///            Only where no other rule has found something above a note: it is the cause then.
///            A network none of whose layers has weights is found at once: there is nothing to
///            train.
/// False alarms  Labels in which there is nothing to be found; a task with one early plateau
///            (copying over many steps) that was ended on it.
/// Advice     The cause is not known: what was looked at and found right is said with its numbers.
void check_not_learning(const RunView& view, std::vector<Finding>& findings);

}  // namespace plumb
