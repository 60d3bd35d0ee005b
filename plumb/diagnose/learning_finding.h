// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "plumb/diagnose/rule.h"

namespace plumb {

/// What the rules about learning say alike: from the first step to the last, at the loss, with the
/// facts steps_taken, loss_at_first, loss_at_last and, where they are known, baseline_loss and
/// baseline_accuracy.
Finding learning_finding(const RunView& view, const Learning& learning, const std::string& rule);

/// It has had its steps, and came less than half of the way from the baseline to a loss of zero.
bool learns_badly(const RunView& view);

/// Whether one of them is above a note.
bool has_alarm(const std::vector<Finding>& findings);

}  // namespace plumb
