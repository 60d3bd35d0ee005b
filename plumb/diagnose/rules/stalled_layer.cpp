// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/stalled_layer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <utility>

#include "plumb/diagnose/episode.h"
#include "plumb/diagnose/finding_steps.h"
#include "plumb/diagnose/learning_finding.h"
#include "plumb/diagnose/standstill.h"

namespace plumb {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
/// Of (a) and (b): one step may be that of a branch that starts at zero. Our choice.
constexpr int kStepsInARow = 3;

double median_learning(const std::vector<LayerPace>& paces) {
  std::vector<double> values;
  values.reserve(paces.size());
  for (const LayerPace& pace : paces) values.push_back(pace.log2_learning);
  // The upper middle: of two layers, one of them stalled, the other is the reference.
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

int steps_needed(const RunView& view) {
  const auto telling = std::count_if(view.measured().begin(), view.measured().end(),
                                     [](const MeasuredStep& step) { return !step.paces.empty(); });
  return static_cast<int>(
      std::min<std::ptrdiff_t>(kStepsInARow, std::max<std::ptrdiff_t>(1, telling)));
}

struct Pace {
  double badness = 0;
  double relative = 0;  ///< log2, to the median layer
  double learning = 0;
  double update = 0;
};

/// By layer; empty for those that were never judged.
std::vector<StepSeries<Pace>> judge_paces(const RunView& view) {
  const bool is_float = view.info().precision != "double";
  std::vector<StepSeries<Pace>> layers(view.info().layers.size());
  for (std::size_t s = 0; s < view.measured().size(); ++s) {
    const MeasuredStep& step = view.measured()[s];
    const double median = step.paces.empty() ? kNan : median_learning(step.paces);
    if (!std::isfinite(median)) continue;
    for (const LayerPace& pace : step.paces) {
      const bool rounded_away =
          is_float && pace.log2_learning < kRoundedAwayLog2 && median > kRoundedAwayLog2;
      const double relative = pace.log2_learning - median;
      const bool waits = step.leaving_zero.is_upstream(pace.layer);
      const double badness =
          waits ? 0.0 : std::max({0.0, relative / kStalledLog2, rounded_away ? 1.0 : 0.0});
      layers[static_cast<std::size_t>(pace.layer)].add(
          s, {badness, relative, pace.log2_learning, pace.log2_update});
    }
  }
  return layers;
}

struct Hit {
  LayerId layer = kNoLayer;
  Episode episode;
  Pace at_worst;
};

std::optional<Hit> find_hit(LayerId layer, const StepSeries<Pace>& series, std::size_t steps,
                            int needed) {
  const auto badness = series.column(steps, [](const Pace& pace) { return pace.badness; });
  const auto episode = find_episode(badness, false, needed);
  if (!episode) return std::nullopt;
  const Pace& worst = *series.at(episode->worst);
  if (series.items().size() == 1 && std::isinf(worst.relative)) return std::nullopt;
  return Hit{layer, *episode, worst};
}

/// Of a large weight in front of a normalisation, which divides it out again: nothing but its own
/// pace is small. What that costs, training has to show.
bool is_divided_out(const RunView& view, LayerId layer) {
  constexpr double kLargeGain = 4;  // our choice: nearly three times He's
  const RunInfo& info = view.info();
  const ForwardStep* start = view.first_forward();
  const ParamId weight = info.find_param(layer, ParamUse::weight);
  if (start == nullptr || weight == kNoParam || !start->param(weight).known()) return false;
  const std::span<const LayerId> readers = view.graph().readers(layer);
  const bool normalised = std::any_of(readers.begin(), readers.end(), [&](LayerId reader) {
    return info.layer(reader).family == LayerFamily::normalisation;
  });
  const auto fan_in = static_cast<double>(std::max<std::int64_t>(info.layer(layer).fan_in, 1));
  return normalised && start->param(weight).rms * std::sqrt(fan_in) > kLargeGain;
}

void check_single_layers(const RunView& view, std::vector<Finding>& findings) {
  const std::vector<StepSeries<Pace>> layers = judge_paces(view);
  const int needed = steps_needed(view);
  int judged = 0;
  std::vector<Hit> hits;
  for (const LayerId layer : view.graph().forward_order()) {
    const StepSeries<Pace>& series = layers[static_cast<std::size_t>(layer)];
    if (series.empty()) continue;
    ++judged;
    if (const auto hit = find_hit(layer, series, view.measured().size(), needed)) {
      hits.push_back(*hit);
    }
  }
  if (hits.empty()) return;
  const Hit& worst = *std::min_element(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) {
    return a.at_worst.relative < b.at_worst.relative;
  });
  const Pace& pace = worst.at_worst;
  const bool only_decay =
      std::isfinite(pace.update) && pace.update > pace.learning + kOnlyDecayLog2;
  const Place place = Place::layer(worst.layer);

  Finding finding;
  finding.rule = "stalled_layer";
  finding.severity = pace.relative < kStalledCriticalLog2 ? Severity::critical : Severity::warning;
  const bool harmless = std::all_of(
      hits.begin(), hits.end(), [&](const Hit& hit) { return is_divided_out(view, hit.layer); });
  if (harmless && view.learning().steps < Learning::kSomeSteps) finding.severity = Severity::note;
  finding.place = Place::layer(hits.front().layer);
  set_steps(view, joined_episode(hits), finding);
  const Fact relative{Quantity::relative_pace_log2, pace.relative, place, {}};
  const Fact learning{Quantity::pace_log2, pace.learning, place, {}};
  const bool is_slow = pace.relative <= kStalledLog2;  // else its updates are rounded away
  finding.evidence = {is_slow ? Evidence{relative, kStalledLog2}
                              : Evidence{learning, kRoundedAwayLog2}};
  finding.facts = {is_slow ? learning : relative,
                   {Quantity::layers_affected, static_cast<double>(hits.size()), {}, {}},
                   {Quantity::layers_judged, static_cast<double>(judged), {}, {}}};
  finding.cause.kind = only_decay ? CauseKind::only_weight_decay : CauseKind::small_gradient;
  finding.cause.place = place;
  finding.remedies = {{RemedyKind::look_closer, place, {{"at", "its_gradient"}}, {}},
                      {RemedyKind::look_closer, place, {{"at", "vanishing_gradient"}}, {}},
                      {RemedyKind::adaptive_optimiser, {}, {}, {}}};
  findings.push_back(std::move(finding));
}

}  // namespace

void check_stalled_layer(const RunView& view, std::vector<Finding>& findings) {
  if (auto finding = find_standstill(view, !has_alarm(findings))) {
    findings.push_back(std::move(*finding));
  } else {
    check_single_layers(view, findings);
  }
}

}  // namespace plumb
