// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/stalled_layer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "plumb/diagnose/episode.h"
#include "plumb/diagnose/layer_pace.h"
#include "plumb/diagnose/words.h"

namespace plumb {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
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

int steps_needed(const std::vector<std::vector<LayerPace>>& paces) {
  const auto telling =
      std::count_if(paces.begin(), paces.end(), [](const auto& p) { return !p.empty(); });
  return static_cast<int>(
      std::min<std::ptrdiff_t>(kStepsInARow, std::max<std::ptrdiff_t>(1, telling)));
}

void check_single_layers(const RunView& view, const std::vector<std::vector<LayerPace>>& paces,
                         std::vector<Finding>& findings) {
  const bool is_float = view.run().info.precision == "float";
  std::map<std::string, std::vector<double>> badness;
  std::map<std::string, std::vector<double>> relative;
  std::vector<std::string> order;
  for (std::size_t s = 0; s < paces.size(); ++s) {
    if (paces[s].empty()) continue;
    const double median = median_learning(paces[s]);
    if (!std::isfinite(median)) continue;
    for (const LayerPace& pace : paces[s]) {
      auto& row = badness[pace.path];
      if (row.empty()) {
        row.assign(paces.size(), kNan);
        relative[pace.path].assign(paces.size(), kNan);
        order.push_back(pace.path);
      }
      const bool rounded_away =
          is_float && pace.log2_learning < kRoundedAwayLog2 && median > kRoundedAwayLog2;
      const double slow = (pace.log2_learning - median) / kStalledLog2;
      const bool waits = view.waking()[s].behind.contains(pace.path);
      row[s] = waits ? 0.0 : std::max({0.0, slow, rounded_away ? 1.0 : 0.0});
      relative[pace.path][s] = pace.log2_learning - median;
    }
  }
  struct Hit {
    std::string path;
    Episode episode;
    double relative;
  };
  std::vector<Hit> hits;
  for (const std::string& path : order) {
    const auto episode = find_episode(badness[path], false, steps_needed(paces));
    if (!episode) continue;
    const auto telling = std::count_if(badness[path].begin(), badness[path].end(),
                                       [](double b) { return !std::isnan(b); });
    const double at_worst = relative[path][episode->worst];
    if (telling == 1 && std::isinf(at_worst)) continue;
    hits.push_back({path, *episode, at_worst});
  }
  if (hits.empty()) return;
  const Hit& worst = *std::min_element(
      hits.begin(), hits.end(), [](const Hit& a, const Hit& b) { return a.relative < b.relative; });
  std::size_t first = hits[0].episode.first;
  std::size_t last = hits[0].episode.last;
  for (const Hit& hit : hits) {
    first = std::min(first, hit.episode.first);
    last = std::max(last, hit.episode.last);
  }
  const std::vector<LayerPace>& then = paces[worst.episode.worst];
  const auto pace = std::find_if(then.begin(), then.end(),
                                 [&](const LayerPace& p) { return p.path == worst.path; });
  const bool only_decay =
      std::isfinite(pace->log2_update) && pace->log2_update > pace->log2_learning + 3;

  const std::string where = layer_text(view.run().info, worst.path);

  Finding finding;
  finding.rule = "stalled_layer";
  finding.severity = worst.relative < 2 * kStalledLog2 ? Severity::critical : Severity::warning;
  finding.path = hits.front().path;
  finding.first_step = view.measured()[first]->step;
  finding.last_step = view.measured()[last]->step;
  finding.symptom = fmt::format(
      "{} of {} layers hardly {}: {} changes by {} of its weight a step, {} of what the median "
      "layer does.",
      hits.size(), order.size(), hits.size() == 1 ? "moves" : "move", where,
      size_text(pace->log2_learning), size_text(worst.relative));
  finding.evidence = {{"learning pace of " + where + " against the median layer, log2",
                       worst.relative, kStalledLog2,
                       "1/1000; our choice, calibrated in docs/rules/stalled_layer.md"}};
  finding.cause =
      only_decay ? "What moves its weight is weight decay; the loss gives it next to no gradient."
                 : "The gradient of its weight is that small against the others'.";
  finding.consequence =
      fmt::format("While the median layer renews itself, {} stays at its random start.", where);
  finding.remedies = {
      "find out why its gradient is small: the ledger shows where it is lost",
      "residual shortcuts, the critical gain, another activation: see vanishing_gradient",
      "an optimiser that scales each layer for itself (adam), which treats the symptom"};
  findings.push_back(std::move(finding));
}

void check_standstill(const RunView& view, const std::vector<std::vector<LayerPace>>& paces,
                      std::vector<Finding>& findings) {
  std::vector<double> fastest;
  for (const auto& step : paces) {
    if (step.empty()) continue;
    double top = -std::numeric_limits<double>::infinity();
    for (const LayerPace& pace : step) top = std::max(top, pace.log2_learning);
    fastest.push_back(top);
    if (fastest.size() == kStepsInARow) break;
  }
  if (fastest.empty()) return;
  const double top = *std::max_element(fastest.begin(), fastest.end());
  if (top > kStandstillLog2) return;
  if (std::isinf(top) && fastest.size() < 2) return;
  std::size_t first = 0;
  while (paces[first].empty()) ++first;
  const double rate = view.measured()[first]->learning_rate;
  Finding finding;
  finding.rule = "stalled_layer";
  finding.severity = Severity::warning;
  finding.first_step = view.measured()[first]->step;
  finding.last_step = view.measured().back()->step;
  finding.symptom = fmt::format(
      "No layer moves: in the first steps the fastest one changes by {} of its weight a step.",
      size_text(top));
  finding.evidence = {
      {"learning pace of the fastest layer, log2", top, kStandstillLog2,
       "1e-6: a hundredth of the usual lower end of 1e-4 (Ben Braiek and Khomh 2022)"}};
  finding.cause =
      std::isinf(top)
          ? "The loss gives none of the weights a gradient."
          : fmt::format("The learning rate ({:.2g}) is too small for gradients of this size.",
                        rate);
  finding.consequence =
      "At this pace training takes hundreds of thousands of steps to leave its start.";
  finding.remedies = {"raise the learning rate until updates are about a thousandth of the weights",
                      "see whether the gradient is small because it vanishes on its way"};
  findings.push_back(std::move(finding));
}

}  // namespace

void check_stalled_layer(const RunView& view, std::vector<Finding>& findings) {
  std::vector<std::vector<LayerPace>> paces;
  for (std::size_t s = 0; s < view.measured().size(); ++s) {
    paces.push_back(layer_paces(view.run().info, *view.measured()[s], view.profiles()[s]));
  }
  const std::size_t before = findings.size();
  check_standstill(view, paces, findings);
  if (findings.size() == before) check_single_layers(view, paces, findings);
}

}  // namespace plumb
