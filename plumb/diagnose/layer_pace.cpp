// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/layer_pace.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace plumb {

namespace {

/// An update that is no larger than so much above that of the decay is the decay's alone. Our
/// choice.
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

namespace {

/// One weight in one step, log2 rms each.
struct Sizes {
  double weight = 0;
  double gradient = 0;
  double update = 0;
};

/// What all layers of a step have in common.
struct StepFacts {
  double log2_rate = 0;
  double log2_decay = 0;  ///< -infinity without
  double log2_clip = 0;
};

std::optional<LayerPace> pace_of(const Sizes& sizes, double floor, const StepFacts& step) {
  if (std::isnan(sizes.update) || std::isnan(sizes.weight)) return std::nullopt;
  const double size = std::max(sizes.weight, floor);
  if (std::isinf(size)) return std::nullopt;
  LayerPace pace;
  pace.log2_update = sizes.update - size;
  pace.log2_learning = pace.log2_update;
  pace.log2_step = sizes.update;
  pace.log2_gradient = sizes.gradient + step.log2_clip;
  pace.log2_weight = sizes.weight;
  const double decay_update = step.log2_rate + step.log2_decay + sizes.weight;
  const bool only_decay =
      std::isfinite(decay_update) && sizes.update < decay_update + std::log2(1 + kDecayTolerance);
  if (only_decay && !std::isnan(sizes.gradient)) {
    pace.log2_learning = std::min(pace.log2_update, step.log2_rate + pace.log2_gradient - size);
  }
  return pace;
}

void add_recurrent(const RunInfo& info, const StepIndex& index, const StepFacts& facts,
                   std::vector<LayerPace>& paces) {
  const std::size_t linear = paces.size();
  for (std::size_t id = 0; id < info.params.size(); ++id) {
    const ParamInfo& param = info.params[id];
    const bool is_weight = param.use == ParamUse::weight || param.use == ParamUse::recurrent_weight;
    if (!is_weight || param.users.empty() || param.frozen) continue;
    const LayerId layer = param.users.front();
    if (info.layer(layer).family != LayerFamily::recurrent) continue;
    const auto at = static_cast<ParamId>(id);
    const auto size = [&](Role role) { return log2_rms_or_nan(index.of_param(at, role)); };
    auto pace = pace_of({size(Role::weight), size(Role::grad_weight), size(Role::update)},
                        log2_weight_floor(info.layer(layer).units), facts);
    if (!pace) continue;
    pace->layer = layer;
    pace->param = at;
    const auto known = std::find_if(paces.begin() + static_cast<std::ptrdiff_t>(linear),
                                    paces.end(), [&](auto& one) { return one.layer == layer; });
    if (known == paces.end()) {
      paces.push_back(*pace);
    } else if (pace->log2_learning > known->log2_learning) {
      *known = *pace;
    }
  }
}

}  // namespace

double decay_of(const RunInfo& info, const StepRecord& step) {
  if (!(step.weight_decay_norm > 0)) {
    return info.optimiser_info.value_or(OptimiserInfo{}).weight_decay;
  }
  return std::exp2(std::log2(step.weight_decay_norm) - log2_weight_norm(info, step));
}

std::vector<LayerPace> layer_paces(const RunInfo& info, const StepRecord& step,
                                   const std::vector<FlowPoint>& profile, const StepIndex& index) {
  std::vector<LayerPace> paces;
  // A rate of zero is one where the optimiser is known; elsewhere it says that nobody told the
  // rate.
  const bool has_rate =
      step.learning_rate > 0 || (step.learning_rate == 0 && info.optimiser_info.has_value());
  if (!has_rate || step.skipped) return paces;
  const std::vector<bool> frozen = frozen_layers(info);
  const StepFacts facts{std::log2(step.learning_rate), std::log2(decay_of(info, step)),
                        std::log2(step.clip_factor)};
  for (const FlowPoint& point : profile) {
    if (frozen[static_cast<std::size_t>(point.layer)]) continue;
    auto pace = pace_of({point.log2_weight, point.log2_grad_weight, point.log2_update},
                        log2_weight_floor(info.layer(point.layer).fan_in), facts);
    if (!pace) continue;
    pace->layer = point.layer;
    paces.push_back(*pace);
  }
  add_recurrent(info, index, facts, paces);
  return paces;
}

}  // namespace plumb
