// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/time_finding.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "plumb/diagnose/words.h"

namespace plumb {

std::vector<TimePlace> time_places(const RunView& view) {
  std::vector<TimePlace> places;
  const std::size_t steps = view.times().size();
  for (std::size_t i = 0; i < steps; ++i) {
    for (const TimeFlow& flow : view.times()[i]) {
      auto it = std::find_if(places.begin(), places.end(), [&](const TimePlace& place) {
        return place.path == flow.path && place.reverse == flow.reverse;
      });
      if (it == places.end()) {
        places.push_back({flow.path, flow.reverse, std::vector<const TimeFlow*>(steps, nullptr)});
        it = places.end() - 1;
      }
      it->flows[i] = &flow;
    }
  }
  return places;
}

std::string time_place_text(const RunInfo& info, const TimePlace& place) {
  return layer_text(info, place.path) + (place.reverse ? ", backwards" : "");
}

Finding time_finding(const RunView& view, const TimePlace& place, const Episode& episode,
                     const std::string& rule, double limit, const std::string& limit_source) {
  constexpr double kLn2 = 0.69314718055994530942;
  const TimeFlow& flow = *place.flows[episode.first];
  const RunInfo& info = view.run().info;
  Finding finding;
  finding.rule = rule;
  finding.path = place.path;
  finding.first_step = view.measured()[episode.first]->step;
  finding.last_step = view.measured()[episode.last]->step;
  const std::string source = limit_source + ", calibrated in docs/rules/" + rule + ".md";
  finding.evidence = {
      {"gradient at the first time step against that at the last, log2 of what is kept",
       flow.log2_kept, limit, source}};
  if (std::isfinite(flow.scale.steps_per_efold)) {
    const double needed = -static_cast<double>(flow.steps) / (limit * kLn2);
    finding.evidence.push_back({"time steps per e-fold of the gradient (negative: it grows)",
                                flow.scale.steps_per_efold, needed,
                                fmt::format("the same limit over {} steps", flow.steps)});
  }
  finding.cause = time_cause_text(info, flow);
  finding.remedies = time_remedies(info, flow);
  return finding;
}

}  // namespace plumb
