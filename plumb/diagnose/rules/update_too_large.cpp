// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/update_too_large.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "plumb/diagnose/episode.h"
#include "plumb/diagnose/layer_pace.h"
#include "plumb/diagnose/words.h"

namespace plumb {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double largest_ratio(const std::vector<LayerPace>& paces) {
  double largest = paces.empty() ? kNan : 0;
  for (const LayerPace& pace : paces) largest = std::max(largest, std::exp2(pace.log2_update));
  return largest;
}

double median_log2(const std::vector<LayerPace>& paces) {
  std::vector<double> ratios;
  ratios.reserve(paces.size());
  for (const LayerPace& pace : paces) ratios.push_back(pace.log2_update);
  const auto middle = ratios.begin() + static_cast<std::ptrdiff_t>((ratios.size() - 1) / 2);
  std::nth_element(ratios.begin(), middle, ratios.end());
  return *middle;
}

double badness_of(const std::vector<LayerPace>& paces) {
  if (paces.empty()) return kNan;
  return std::max(std::exp2(median_log2(paces) - kUpdateLog2),
                  largest_ratio(paces) * std::exp2(-kLayerUpdateLog2));
}

}  // namespace

void check_update_too_large(const RunView& view, std::vector<Finding>& findings) {
  constexpr double kTarget = -6.644;  // 1/100
  std::vector<std::vector<LayerPace>> paces;
  std::vector<double> badness;
  std::vector<double> largest;
  for (std::size_t s = 0; s < view.measured().size(); ++s) {
    paces.push_back(layer_paces(view.run().info, *view.measured()[s], view.profiles()[s]));
    badness.push_back(badness_of(paces.back()));
    largest.push_back(largest_ratio(paces.back()));
  }
  auto episode = find_episode(badness, false, 2);
  if (!episode) {
    // A step as large as the weight is enough by itself.
    episode = find_episode(largest, true, 1);
  }
  if (!episode) return;

  const auto larger = [](const LayerPace& a, const LayerPace& b) {
    return a.log2_update < b.log2_update;
  };
  const std::vector<LayerPace>& then = paces[episode->worst];
  const LayerPace& worst = *std::max_element(then.begin(), then.end(), larger);
  const LayerPace& first =
      *std::max_element(paces[episode->first].begin(), paces[episode->first].end(), larger);
  std::set<std::string> layers;
  for (std::size_t s = episode->first; s <= episode->last; ++s) {
    for (const LayerPace& pace : paces[s]) {
      if (pace.log2_update > kUpdateLog2) layers.insert(pace.path);
    }
  }
  const StepRecord& begin = *view.measured()[episode->first];
  const StepRecord& end = *view.measured()[episode->last];
  const bool decay = worst.log2_learning < worst.log2_update - 1;

  const std::string where = layer_text(view.run().info, worst.path);

  Finding finding;
  finding.rule = "update_too_large";
  finding.severity = worst.log2_update >= 0 ? Severity::critical : Severity::warning;
  finding.path = first.path;
  finding.first_step = begin.step;
  finding.last_step = end.step;
  finding.symptom = fmt::format(
      "Steps are too large in {} of {}: one step changes the weight of {} by {} times its size "
      "(step {}). The loss went from {:.3g} to {:.3g} meanwhile.",
      layers.size(), count_text(static_cast<long long>(then.size()), "layer"), where,
      size_text(worst.log2_update), view.measured()[episode->worst]->step, begin.loss, end.loss);
  finding.evidence = {
      {"rms(update) / rms(weight) of " + where + ", log2", worst.log2_update, kLayerUpdateLog2,
       "1/2; our choice, calibrated in docs/rules/update_too_large.md"},
      {"the same of the median layer, log2", median_log2(then), kUpdateLog2,
       "1/10, the upper end of the usual band (Ben Braiek and Khomh 2022)"}};
  finding.cause =
      decay ? "Most of the update is weight decay, not a gradient of the loss."
            : fmt::format("The learning rate {:.2g} is too high for gradients of this size{}.",
                          begin.learning_rate,
                          begin.clip_factor < 1 ? ", although clipping already shortens them" : "");
  finding.consequence =
      "After a few such steps a layer has forgotten its start: the loss jumps about or diverges, "
      "and units die or saturate.";
  finding.remedies = {
      decay ? std::string("lower the weight decay")
            : fmt::format(
                  "lower the learning rate by about {:.2g}, to {:.2g}",
                  std::exp2(std::min(first.log2_update - kTarget, 1000.0)),
                  begin.learning_rate * std::exp2(std::max(kTarget - first.log2_update, -1000.0))),
      "warm the rate up over the first steps", "clip the gradient's norm"};
  findings.push_back(std::move(finding));
}

}  // namespace plumb
