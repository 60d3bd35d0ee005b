// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/vanishing_through_time.h"

#include "plumb/diagnose/time_finding.h"

namespace plumb {

namespace {

/// A note of a gradient that came back, and a network that made something of it since.
Severity severity_of(const RunView& view, const Episode& episode, const TimeFlow& flow) {
  if (episode.over && !view.learning().at_baseline()) return Severity::note;
  return flow.log2_kept <= kFloatRoundingLog2 ? Severity::critical : Severity::warning;
}

}  // namespace

void check_vanishing_through_time(const RunView& view, std::vector<Finding>& findings) {
  check_through_time(view, "vanishing_through_time", kTimeVanishingLog2, severity_of, findings);
}

}  // namespace plumb
