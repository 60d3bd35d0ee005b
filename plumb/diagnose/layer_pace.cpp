// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/layer_pace.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

namespace plumb {

namespace {

constexpr double kDecayTolerance = 0.05;

/// log2 of the norm of all recorded weights.
double log2_weight_norm(const StepRecord& step) {
  double largest = -std::numeric_limits<double>::infinity();
  std::vector<double> squares;
  for (const SketchRecord& record : step.sketches) {
    if (record.site.role != Role::weight || record.site.param == "bias") continue;
    const double log2_norm = record.sketch.true_log2_rms() +
                             0.5 * std::log2(static_cast<double>(record.sketch.finite_count()));
    squares.push_back(2 * log2_norm);
    largest = std::max(largest, 2 * log2_norm);
  }
  if (!std::isfinite(largest)) return -std::numeric_limits<double>::infinity();
  double sum = 0;
  for (const double square : squares) sum += std::exp2(square - largest);
  return 0.5 * (largest + std::log2(sum));
}

}  // namespace

double log2_weight_floor(std::int64_t fan_in) {
  return -0.5 * std::log2(static_cast<double>(std::max<std::int64_t>(1, fan_in))) - 1;
}

std::vector<LayerPace> layer_paces(const RunInfo& info, const StepRecord& step,
                                   const std::vector<FlowPoint>& profile) {
  std::vector<LayerPace> paces;
  if (!(step.learning_rate > 0)) return paces;
  std::unordered_map<std::string_view, std::int64_t> fans;
  for (const LayerInfo& layer : info.layers) fans[layer.path] = layer.fan_in;

  const double log2_rate = std::log2(step.learning_rate);
  const double log2_decay = step.weight_decay_norm > 0
                                ? std::log2(step.weight_decay_norm) - log2_weight_norm(step)
                                : -std::numeric_limits<double>::infinity();
  for (const FlowPoint& point : profile) {
    if (std::isnan(point.log2_update) || std::isnan(point.log2_weight)) continue;
    const double size = std::max(point.log2_weight, log2_weight_floor(fans[point.path]));
    LayerPace pace;
    pace.path = point.path;
    pace.log2_weight = point.log2_weight;
    pace.log2_update = point.log2_update - size;
    pace.log2_learning = pace.log2_update;
    const double decay_update = log2_rate + log2_decay + point.log2_weight;
    const bool only_decay = std::isfinite(decay_update) &&
                            point.log2_update < decay_update + std::log2(1 + kDecayTolerance);
    if (only_decay && !std::isnan(point.log2_grad_weight)) {
      pace.log2_learning = std::min(pace.log2_update, log2_rate + point.log2_grad_weight - size);
    }
    paces.push_back(std::move(pace));
  }
  return paces;
}

}  // namespace plumb
