// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/layer_pace.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace plumb {

namespace {

constexpr double kDecayTolerance = 0.05;

bool is_bias(const RunInfo& info, ParamId param) {
  if (param < 0 || static_cast<std::size_t>(param) >= info.params.size()) return true;
  const ParamUse use = info.param(param).use;
  return use == ParamUse::bias || use == ParamUse::recurrent_bias;
}

/// log2 of the norm of all recorded parameters that decay.
double log2_weight_norm(const RunInfo& info, const StepRecord& step) {
  double largest = -std::numeric_limits<double>::infinity();
  std::vector<double> squares;
  for (const SketchRecord& record : step.sketches) {
    if (record.site.role != Role::weight || is_bias(info, record.site.id)) continue;
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

std::vector<bool> frozen_layers(const RunInfo& info) {
  std::vector<bool> frozen(info.layers.size(), false);
  for (const ParamInfo& param : info.params) {
    if (param.frozen && param.use == ParamUse::weight && !param.users.empty()) {
      frozen[static_cast<std::size_t>(param.users.front())] = true;
    }
  }
  return frozen;
}

}  // namespace

double log2_weight_floor(std::int64_t fan_in) {
  return fan_in > 0 ? -0.5 * std::log2(static_cast<double>(fan_in)) - 1
                    : -std::numeric_limits<double>::infinity();
}

std::vector<LayerPace> layer_paces(const RunInfo& info, const StepRecord& step,
                                   const std::vector<FlowPoint>& profile) {
  std::vector<LayerPace> paces;
  if (!(step.learning_rate > 0) || step.skipped) return paces;
  const std::vector<bool> frozen = frozen_layers(info);
  const double log2_rate = std::log2(step.learning_rate);
  const double log2_decay = step.weight_decay_norm > 0
                                ? std::log2(step.weight_decay_norm) - log2_weight_norm(info, step)
                                : -std::numeric_limits<double>::infinity();
  for (const FlowPoint& point : profile) {
    if (std::isnan(point.log2_update) || std::isnan(point.log2_weight)) continue;
    if (frozen[static_cast<std::size_t>(point.layer)]) continue;
    const double floor = log2_weight_floor(info.layer(point.layer).fan_in);
    const double size = std::max(point.log2_weight, floor);
    if (std::isinf(size)) continue;
    LayerPace pace;
    pace.layer = point.layer;
    pace.log2_update = point.log2_update - size;
    pace.log2_learning = pace.log2_update;
    const double decay_update = log2_rate + log2_decay + point.log2_weight;
    const bool only_decay = std::isfinite(decay_update) &&
                            point.log2_update < decay_update + std::log2(1 + kDecayTolerance);
    if (only_decay && !std::isnan(point.log2_grad_weight)) {
      pace.log2_learning = std::min(pace.log2_update, log2_rate + point.log2_grad_weight - size);
    }
    paces.push_back(pace);
  }
  return paces;
}

}  // namespace plumb
