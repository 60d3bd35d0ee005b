// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    The network has fewer outputs than the data have classes: some labels cannot be said.
/// Measured   The units of the output against the classes that have labels (DataInfo::class_sizes).
/// Threshold  One class; critical. A single output says one of two classes.
/// Silent     where a sample has a label for each time step, and where the classes are not known.
/// Advice     as many outputs as classes.
void check_missing_outputs(const RunView& view, std::vector<Finding>& findings);

}  // namespace plumb
