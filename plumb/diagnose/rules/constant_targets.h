// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    There is nothing to learn: every label is of one class, or every target one value.
/// Measured   DataInfo::class_sizes, where they count every sample; DataInfo::targets: columns of
///            deviation 0.
/// Threshold  One class, or all target columns, are critical whatever the loss came to: a constant
///            answer is right, and what the gradient did tells nothing. Some of several target
///            columns are a note.
/// False alarms  None known. One class on purpose is no training of a classifier.
/// Advice     see how the labels were read.
void check_constant_targets(const RunView& view, std::vector<Finding>& findings);

}  // namespace plumb
