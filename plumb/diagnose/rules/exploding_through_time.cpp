// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/exploding_through_time.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "plumb/diagnose/time_finding.h"
#include "plumb/diagnose/words.h"

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
  const RunInfo& info = view.run().info;
  for (const TimePlace& place : time_places(view)) {
    std::vector<double> badness;
    for (const TimeFlow* flow : place.flows) badness.push_back(badness_of(flow));
    const auto episode = find_episode(badness, true, 2);
    if (!episode) continue;
    const TimeFlow& flow = *place.flows[episode->first];
    Finding finding = time_finding(view, place, *episode, "exploding_through_time",
                                   kTimeExplodingLog2, "a factor of 100; our choice");
    finding.severity = flow.log2_kept >= kTimeExplodingCriticalLog2 && !episode->over
                           ? Severity::critical
                           : Severity::warning;
    finding.symptom = fmt::format(
        "In {} the gradient grows to {} times its size over {} time steps back: {} a step.",
        time_place_text(info, place), size_text(flow.log2_kept), flow.steps,
        size_text(flow.log2_per_step()));
    if (episode->over) {
      finding.symptom += fmt::format(" After step {} it no longer shows.", finding.last_step);
    }
    finding.consequence =
        "The oldest time steps decide over the gradient of the weights, and one sequence can throw "
        "the "
        "training off a cliff; over longer sequences the numbers overflow.";
    findings.push_back(std::move(finding));
  }
}

}  // namespace plumb
