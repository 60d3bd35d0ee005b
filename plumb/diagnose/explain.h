// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Finds which findings follow from others, so that one root cause is one alarm: what follows gets
/// `explained_by` and loses a degree of severity (a NaN does not); its root is at least as severe
/// as it was. Ids are unique.
///
/// A finding explains another only if it began no later, and only along the table in the source:
/// dead or saturated units explain a gradient that vanishes by its activation derivatives, a
/// vanishing gradient explains layers that stall, too large updates explain what goes wrong after
/// them.
void explain(const RunView& view, std::vector<Finding>& findings);

}  // namespace plumb
