// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/vanishing_through_time.h"

#include <cmath>
#include <limits>

#include "plumb/diagnose/time_finding.h"

namespace plumb {

namespace {

double badness_of(const TimeFlow* flow) {
  if (flow == nullptr || !flow->known || std::isnan(flow->log2_kept)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return flow->log2_kept / kTimeVanishingLog2;
}

/// A gradient that came back, and a network that made something of it since.
bool is_mended(const RunView& view, const Episode& episode) {
  return episode.over && !view.learning().at_baseline();
}

}  // namespace

void check_vanishing_through_time(const RunView& view, std::vector<Finding>& findings) {
  for (const TimePlace& place : time_places(view)) {
    std::vector<double> badness;
    for (const TimeFlow* flow : place.flows) badness.push_back(badness_of(flow));
    const auto episode = find_episode(badness, true, 2);
    if (!episode) continue;
    const TimeFlow& flow = *place.flows[episode->first];
    Finding finding =
        time_finding(view, place, *episode, "vanishing_through_time", kTimeVanishingLog2);
    finding.severity = is_mended(view, *episode)              ? Severity::note
                       : flow.log2_kept <= kFloatRoundingLog2 ? Severity::critical
                                                              : Severity::warning;
    findings.push_back(std::move(finding));
  }
}

}  // namespace plumb
