// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "plumb/diagnose/episode.h"
#include "plumb/diagnose/rule.h"
#include "plumb/flow/time_flow.h"

namespace plumb {

/// The flow through time of one recurrent layer in one direction, at every measured step that has
/// it.
struct TimePlace {
  Place place;
  std::vector<const TimeFlow*> flows;  ///< by measured step; null where the layer was not measured
};
std::vector<TimePlace> time_places(const RunView& view);

/// How bad it is where the flow of a place passes a rule's limit.
using TimeSeverity = Severity (*)(const RunView& view, const Episode& episode,
                                  const TimeFlow& flow);

/// What vanishing_through_time and exploding_through_time do alike: a finding for each place whose
/// flow passes the limit, with steps, evidence against it and against the scale for this length of
/// sequence, cause from the books, remedies. A gain that is not finite tells of no growth: a NaN
/// or a zero ended it.
///
/// limit: log2 of what is kept, negative where the rule looks for a loss.
void check_through_time(const RunView& view, const std::string& rule, double limit,
                        TimeSeverity severity, std::vector<Finding>& findings);

/// Which factor of a step through time did it, with its size in each step.
FindingCause time_cause(const RunInfo& info, const TimeFlow& flow);

/// What fits the cause, the best first. Advice that the layer already follows (CellFacts) is left
/// out.
std::vector<Remedy> time_remedies(const RunInfo& info, const TimeFlow& flow);

/// log2 of what the first time step keeps of the gradient of the last. Calibrated on recurrent
/// networks: docs/rules/vanishing_through_time.md.
inline constexpr double kTimeVanishingLog2 = -9.966;  ///< a factor of 1000
inline constexpr double kTimeExplodingLog2 = 6.644;   ///< a factor of 100
inline constexpr double kTimeExplodingCriticalLog2 = 9.966;
/// Below this, what the first time steps add to the gradient of the shared weights is lost when a
/// float adds it to that of the last ones.
inline constexpr double kFloatRoundingLog2 = -24;

/// A fraction of saturated states that is worth a word of its own. Our choice.
inline constexpr double kManySaturated = 0.25;

}  // namespace plumb
