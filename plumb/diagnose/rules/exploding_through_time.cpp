// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/exploding_through_time.h"

#include "plumb/diagnose/time_finding.h"

namespace plumb {

namespace {

Severity severity_of(const RunView& /*view*/, const Episode& episode, const TimeFlow& flow) {
  return flow.log2_kept >= kTimeExplodingCriticalLog2 && !episode.over ? Severity::critical
                                                                       : Severity::warning;
}

}  // namespace

void check_exploding_through_time(const RunView& view, std::vector<Finding>& findings) {
  check_through_time(view, "exploding_through_time", kTimeExplodingLog2, severity_of, findings);
}

}  // namespace plumb
