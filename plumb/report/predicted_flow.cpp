// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/predicted_flow.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "plumb/flow/step_index.h"

namespace plumb {

namespace {

using theory::ChainLayer;

constexpr std::size_t kFewestLayers = 3;
constexpr double kStandardErrors = 5;

bool parameters_were_loaded(const RunInfo& info) {
  return std::any_of(info.settings.begin(), info.settings.end(), [](const auto& setting) {
    return setting.first == "weights" && !setting.second.empty();
  });
}

// Variances of the parameters named weight or bias, by path; NaN for values that are no noise about
// 0.
class Scales {
 public:
  explicit Scales(const StepRecord& step) {
    for (const SketchRecord& record : step.sketches) {
      if (record.site.role != Role::weight) continue;
      auto& variances = record.site.param == "bias" ? biases_ : weights_;
      variances[record.site.path] = variance(record.sketch);
    }
  }

  double weight(const std::string& path) const { return find(weights_, path, std::nan("")); }
  double bias(const std::string& path) const { return find(biases_, path, 0); }

 private:
  using Variances = std::unordered_map<std::string, double>;

  static double variance(const Sketch& sketch) {
    if (sketch.count == 0 || sketch.nonfinite_count > 0) return std::nan("");
    const double rms = sketch.rms();
    const double allowed = kStandardErrors * rms / std::sqrt(static_cast<double>(sketch.count));
    return std::abs(sketch.mean) <= allowed ? rms * rms : std::nan("");
  }
  static double find(const Variances& variances, const std::string& path, double otherwise) {
    const auto it = variances.find(path);
    return it == variances.end() ? otherwise : it->second;
  }

  Variances weights_, biases_;
};

std::optional<std::vector<ChainLayer>> read_chain(const RunInfo& info, const Scales& scales) {
  std::vector<ChainLayer> chain;
  for (const LayerInfo& layer : info.layers) {
    if (!layer.parent.empty()) return std::nullopt;
    if (layer.family == LayerFamily::linear) {
      ChainLayer link{layer.fan_in, layer.units, scales.weight(layer.path), scales.bias(layer.path),
                      std::nullopt};
      const bool usable = layer.kind == "dense" && link.fan_in > 0 && link.units > 0 &&
                          link.weight_variance > 0 && !std::isnan(link.bias_variance);
      if (!usable) return std::nullopt;
      chain.push_back(std::move(link));
    } else if (layer.family == LayerFamily::activation) {
      if (chain.empty()) continue;  // whatever the input is, the first length is measured
      if (chain.back().activation || !theory::knows_activation(layer.text)) return std::nullopt;
      chain.back().activation = theory::make_activation(layer.text);
    } else if (layer.family != LayerFamily::shape) {
      return std::nullopt;
    }
  }
  if (chain.size() < kFewestLayers) return std::nullopt;
  return chain;
}

const LayerInfo* first_linear(const RunInfo& info) {
  const auto it = std::find_if(info.layers.begin(), info.layers.end(), [](const LayerInfo& layer) {
    return layer.family == LayerFamily::linear;
  });
  return it == info.layers.end() ? nullptr : &*it;
}

const LayerInfo* last_linear(const RunInfo& info) {
  const auto it =
      std::find_if(info.layers.rbegin(), info.layers.rend(),
                   [](const LayerInfo& layer) { return layer.family == LayerFamily::linear; });
  return it == info.layers.rend() ? nullptr : &*it;
}

}  // namespace

std::optional<std::vector<theory::ProfilePoint>> predict_flow(const RunInfo& info,
                                                              const StepRecord& step) {
  if (step.step != 0 || !step.measured || parameters_were_loaded(info)) return std::nullopt;
  const auto chain = read_chain(info, Scales(step));
  if (!chain) return std::nullopt;
  const std::string& first = first_linear(info)->path;
  const std::string& last = last_linear(info)->path;
  const double log2_z = log2_rms_or_nan(step.find(first, Role::z));
  const theory::ProfileAnchor anchor{std::exp2(2 * log2_z),
                                     log2_rms_or_nan(step.find(last, Role::grad_z)),
                                     log2_rms_or_nan(step.find(last, Role::grad_weight))};
  const bool usable = std::isfinite(anchor.q_first) && std::isfinite(anchor.log2_grad_z_last);
  if (!usable) return std::nullopt;
  return theory::predict_profile(*chain, anchor);
}

std::optional<std::vector<theory::ProfilePoint>> predict_flow(const Run& run) {
  const auto measured = run.measured();
  if (measured.empty()) return std::nullopt;
  return predict_flow(run.info, *measured.front());
}

}  // namespace plumb
