// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/time_finding.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "plumb/diagnose/finding_steps.h"

namespace plumb {

namespace {

bool has_no_recurrence(const RunView& view, LayerId layer) {
  const ParamId weight = view.info().find_param(layer, ParamUse::recurrent_weight);
  if (weight == kNoParam || view.first_forward() == nullptr) return false;
  const TensorFacts& facts = view.first_forward()->param(weight);
  return facts.known() && facts.rms == 0;
}

}  // namespace

std::vector<TimePlace> time_places(const RunView& view) {
  std::vector<TimePlace> places;
  const std::size_t steps = view.measured().size();
  for (std::size_t i = 0; i < steps; ++i) {
    for (const TimeFlow& flow : view.measured()[i].times) {
      Place place = Place::layer(flow.layer);
      place.reverse = flow.reverse;
      auto it = std::find_if(places.begin(), places.end(),
                             [&](const TimePlace& one) { return one.place == place; });
      if (it == places.end()) {
        places.push_back({place, std::vector<const TimeFlow*>(steps, nullptr)});
        it = places.end() - 1;
      }
      it->flows[i] = &flow;
    }
  }
  return places;
}

namespace {

Finding time_finding(const RunView& view, const TimePlace& place, const Episode& episode,
                     const std::string& rule, double limit) {
  constexpr double kLn2 = 0.69314718055994530942;
  const TimeFlow& flow = *place.flows[episode.first];
  Finding finding;
  finding.rule = rule;
  finding.place = place.place;
  set_steps(view, episode, finding);
  finding.evidence = {{{Quantity::time_kept_log2, flow.log2_kept, place.place, {}}, limit}};
  if (std::isfinite(flow.scale.steps_per_efold)) {
    const double needed = -static_cast<double>(flow.steps) / (limit * kLn2);
    const Fact scale{Quantity::time_steps_per_efold, flow.scale.steps_per_efold, place.place, {}};
    // A line fitted to what does not fall like one may say less than its ends do.
    const double of_needed = scale.value / needed;
    if (of_needed > 0 && of_needed <= 1) {
      finding.evidence.push_back({scale, needed});
    } else {
      finding.facts.push_back(scale);
    }
  }
  const Fact more[] = {
      {Quantity::time_steps, static_cast<double>(flow.time_steps), place.place, {}},
      {Quantity::time_steps_crossed, static_cast<double>(flow.steps), place.place, {}},
      {Quantity::time_per_step_log2, flow.log2_per_step(), place.place, {}},
      {Quantity::memory_steps, static_cast<double>(flow.memory), place.place, {}}};
  finding.facts.insert(finding.facts.end(), std::begin(more), std::end(more));
  if (flow.ends_in_zero) {
    finding.facts.push_back(
        {Quantity::time_ends_at, static_cast<double>(flow.ends_at), place.place, {}});
  }
  finding.cause = time_cause(view.info(), flow);
  finding.remedies = time_remedies(view.info(), flow);
  if (finding.cause.kind == CauseKind::gradient_is_zero && episode.first == 0 &&
      has_no_recurrence(view, flow.layer)) {
    finding.cause.kind = CauseKind::zero_weight;
  }
  return finding;
}

/// NaN where the flow tells nothing of it.
double badness_of(const TimeFlow* flow, double limit) {
  const bool tells =
      flow != nullptr && flow->known && (limit < 0 || std::isfinite(flow->log2_kept));
  return tells ? flow->log2_kept / limit : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

void check_through_time(const RunView& view, const std::string& rule, double limit,
                        TimeSeverity severity, std::vector<Finding>& findings) {
  for (const TimePlace& place : time_places(view)) {
    std::vector<double> badness;
    for (const TimeFlow* flow : place.flows) badness.push_back(badness_of(flow, limit));
    const auto episode = find_episode(badness, true, 2);
    if (!episode) continue;
    Finding finding = time_finding(view, place, *episode, rule, limit);
    finding.severity = severity(view, *episode, *place.flows[episode->first]);
    findings.push_back(std::move(finding));
  }
}

}  // namespace plumb
