// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Finds which findings follow from others, so that one root cause is one alarm: what follows says
/// so at the end of its cause, loses a degree of severity (a NaN does not) and is listed after its
/// root.
///
/// A finding explains another only if it began no later, and only along the table in the source:
/// dead or saturated units explain a gradient that vanishes by its activation derivatives, a
/// vanishing gradient explains layers that stall, too large updates explain what goes wrong after
/// them.
void explain(const RunView& view, std::vector<Finding>& findings);

/// True if `explain` found that it follows from another finding.
bool is_explained(const Finding& finding);

}  // namespace plumb
