// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Finds which findings follow from others, so that one root cause is one alarm: what follows gets
/// `explained_by` and loses a degree of severity (a NaN does not); its root is at least as severe
/// as it was. Ids are unique.
///
/// A finding explains another only along the table of mechanisms in the source: what can make what,
/// in which order in time, and on what condition. Dead or saturated units explain a gradient that
/// vanishes by its activation derivatives, a vanishing gradient explains layers that lag behind,
/// too large updates explain what goes wrong after them. Faults without a mechanism between them
/// stay apart: a rate that is too small is not explained by a gradient that vanishes.
/// What follows may itself be what another follows from.
void explain(const RunView& view, std::vector<Finding>& findings);

}  // namespace plumb
