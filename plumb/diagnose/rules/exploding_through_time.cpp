// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/exploding_through_time.h"

#include <cmath>
#include <limits>

#include "plumb/diagnose/time_finding.h"

namespace plumb {

namespace {

double badness_of(const TimeFlow* flow) {
  if (flow == nullptr || !flow->known || !std::isfinite(flow->log2_kept)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return flow->log2_kept / kTimeExplodingLog2;
}

}  // namespace

void check_exploding_through_time(const RunView& view, std::vector<Finding>& findings) {
  for (const TimePlace& place : time_places(view)) {
    std::vector<double> badness;
    for (const TimeFlow* flow : place.flows) badness.push_back(badness_of(flow));
    const auto episode = find_episode(badness, true, 2);
    if (!episode) continue;
    const TimeFlow& flow = *place.flows[episode->first];
    Finding finding =
        time_finding(view, place, *episode, "exploding_through_time", kTimeExplodingLog2);
    finding.severity = flow.log2_kept >= kTimeExplodingCriticalLog2 && !episode->over
                           ? Severity::critical
                           : Severity::warning;
    findings.push_back(std::move(finding));
  }
}

}  // namespace plumb
