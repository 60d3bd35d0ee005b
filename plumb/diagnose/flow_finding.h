// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/diagnose/episode.h"
#include "plumb/diagnose/rule.h"

namespace plumb {

/// What vanishing_gradient and exploding_gradient say alike about the flow over depth in an
/// episode: severity (critical beyond a factor of 1000 while it lasts), place, steps, the evidence
/// against kFlowLog2Total and kFlowLog2PerLayer, cause and remedies.
///
/// sign: -1 where the rule looks for a loss, +1 for a gain; the thresholds carry it.
Finding flow_finding(const RunView& view, const Episode& episode, const std::string& rule,
                     int sign);

}  // namespace plumb
