// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/predicted_flow.h"

#include <algorithm>
#include <cmath>

#include "plumb/flow/layer_graph.h"
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

/// Of a parameter; NaN for values that are no noise about 0.
double variance(const Sketch* sketch) {
  if (sketch == nullptr || sketch->count == 0 || sketch->nonfinite_count > 0) return std::nan("");
  const double rms = sketch->rms();
  const double allowed = kStandardErrors * rms / std::sqrt(static_cast<double>(sketch->count));
  return std::abs(sketch->mean) <= allowed ? rms * rms : std::nan("");
}

/// 0 for a layer without a bias.
double bias_variance(const RunInfo& info, const StepIndex& index, LayerId layer) {
  const ParamId bias = info.find_param(layer, ParamUse::bias);
  return bias == kNoParam ? 0.0 : variance(index.of_param(bias, Role::weight));
}

/// A dense layer: every output reads every input once.
bool is_dense(const LayerInfo& layer) {
  return layer.fan_in > 0 && layer.fan_out == layer.units && layer.units > 0;
}

std::optional<std::vector<ChainLayer>> read_chain(const LayerGraph& graph, const StepIndex& index) {
  const RunInfo& info = graph.info();
  std::vector<ChainLayer> chain;
  if (graph.main_chain().size() + 1 < info.layers.size()) return std::nullopt;  // more than a chain
  for (const LayerId id : graph.main_chain()) {
    const LayerInfo& layer = info.layer(id);
    if (layer.family == LayerFamily::linear) {
      ChainLayer link{layer.fan_in, layer.units, variance(index.find(id, Role::weight)),
                      bias_variance(info, index, id), std::nullopt};
      const bool usable =
          is_dense(layer) && link.weight_variance > 0 && !std::isnan(link.bias_variance);
      if (!usable) return std::nullopt;
      chain.push_back(std::move(link));
    } else if (layer.family == LayerFamily::activation) {
      if (chain.empty()) continue;  // whatever the input is, the first length is measured
      if (chain.back().activation || layer.function.empty()) return std::nullopt;
      chain.back().activation = theory::make_activation(layer.function);
    } else if (layer.family != LayerFamily::shape) {
      return std::nullopt;
    }
  }
  if (chain.size() < kFewestLayers) return std::nullopt;
  return chain;
}

}  // namespace

std::optional<std::vector<theory::ProfilePoint>> predict_flow(const RunInfo& info,
                                                              const StepRecord& step) {
  if (step.step != 0 || !step.measured || parameters_were_loaded(info)) return std::nullopt;
  const LayerGraph graph(info);
  const StepIndex index(info, step);
  const auto chain = read_chain(graph, index);
  if (!chain) return std::nullopt;
  const auto is_linear = [&](LayerId id) { return info.layer(id).family == LayerFamily::linear; };
  const LayerGraph::Chain& layers = graph.main_chain();
  const LayerId first = *std::find_if(layers.begin(), layers.end(), is_linear);
  const LayerId last = *std::find_if(layers.rbegin(), layers.rend(), is_linear);
  const theory::ProfileAnchor anchor{std::exp2(2 * log2_rms_or_nan(index.find(first, Role::z))),
                                     log2_rms_or_nan(index.find(last, Role::grad_z)),
                                     log2_rms_or_nan(index.find(last, Role::grad_weight))};
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
