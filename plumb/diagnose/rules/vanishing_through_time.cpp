// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/vanishing_through_time.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "plumb/diagnose/time_finding.h"
#include "plumb/diagnose/words.h"

namespace plumb {

namespace {

double badness_of(const TimeFlow* flow) {
  if (flow == nullptr || !flow->known || std::isnan(flow->log2_kept)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return flow->log2_kept / kTimeVanishingLog2;
}

std::string symptom_text(const RunInfo& info, const TimePlace& place, const TimeFlow& flow) {
  const std::string where = time_place_text(info, place);
  if (flow.ends_in_zero) {
    return fmt::format(
        "In {} the gradient ends at time step {} of {}: nothing of it reaches the {} "
        "steps.",
        where, flow.ends_at, flow.time_steps, place.reverse ? "later" : "earlier");
  }
  return fmt::format(
      "In {} the gradient shrinks to {} of its size over {} time steps back: {} a step, by e in "
      "{:.3g} "
      "steps.",
      where, size_text(flow.log2_kept), flow.steps, size_text(flow.log2_per_step()),
      flow.scale.steps_per_efold);
}

std::string consequence_text(const TimeFlow& flow) {
  const std::string reach =
      flow.memory > 0
          ? fmt::format("It learns from the last {}", count_text(flow.memory + 1, "time step"))
          : std::string("It learns from the last time step alone");
  std::string text = fmt::format(
      "{}: what came before adds less than a hundredth to the gradient of its weights.", reach);
  if (flow.log2_kept < kFloatRoundingLog2 && !flow.ends_in_zero) {
    text +=
        " The part of the first steps is below the rounding of a float, so no learning rate and no "
        "number of steps brings it back.";
  }
  return text;
}

}  // namespace

void check_vanishing_through_time(const RunView& view, std::vector<Finding>& findings) {
  for (const TimePlace& place : time_places(view)) {
    std::vector<double> badness;
    for (const TimeFlow* flow : place.flows) badness.push_back(badness_of(flow));
    const auto episode = find_episode(badness, true, 2);
    if (!episode) continue;
    const TimeFlow& flow = *place.flows[episode->first];
    Finding finding = time_finding(view, place, *episode, "vanishing_through_time",
                                   kTimeVanishingLog2, "a factor of 1000; our choice");
    finding.severity = episode->over                          ? Severity::note
                       : flow.log2_kept <= kFloatRoundingLog2 ? Severity::critical
                                                              : Severity::warning;
    finding.symptom = symptom_text(view.run().info, place, flow);
    if (episode->over) {
      finding.symptom += fmt::format(" After step {} it no longer shows.", finding.last_step);
    }
    finding.consequence = consequence_text(flow);
    findings.push_back(std::move(finding));
  }
}

}  // namespace plumb
