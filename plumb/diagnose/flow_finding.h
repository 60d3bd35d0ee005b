// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "plumb/diagnose/episode.h"
#include "plumb/diagnose/rule.h"

namespace plumb {

/// What vanishing_gradient and exploding_gradient say alike about the flow over depth in an
/// episode: severity (critical beyond a factor of 1000 while it lasts), place, steps, the evidence
/// against kFlowLog2Total and kFlowLog2PerLayer, cause and remedies.
///
/// Place      Where a few layers that are out of line with the others (odd_layers.h) do most of it,
///            one finding for each of these, at that layer. Else one, at the first layer that the
///            gradient was followed to.
/// Remedies   What is in force already is left out, and the initialisation of a network whose
///            gradient was in order at the start.
///
/// sign: -1 where the rule looks for a loss, +1 for a gain; the thresholds carry it.
std::vector<Finding> flow_findings(const RunView& view, const Episode& episode,
                                   const std::string& rule, int sign);

/// The layers of a step that are the cause of its flow over depth, the one that does most first;
/// empty where it is no single layer.
std::vector<OddLayer> layers_at_fault(const MeasuredStep& step);

/// Cause and remedies of a layer that is out of line.
void blame(const RunInfo& info, const OddLayer& odd, Finding& finding);

}  // namespace plumb
