// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/forward_step.h"

#include <cmath>
#include <limits>

#include "plumb/flow/layer_graph.h"

namespace plumb {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TensorFacts facts_of(const Sketch& sketch) {
  if (sketch.count == 0 || sketch.nonfinite_count > 0) return {};
  const double scale = std::exp2(sketch.log2_scale);
  return {.count = static_cast<double>(sketch.count),
          .mean = scale * sketch.mean,
          .deviation = scale * std::sqrt(sketch.var()),
          .rms = scale * sketch.rms(),
          .zero_fraction = sketch.zero_fraction(),
          .abs_max = scale * sketch.abs_max};
}

}  // namespace

ForwardStep forward_step(const RunInfo& info, const StepRecord& step) {
  ForwardStep result;
  result.step = step.step;
  result.loss = step.loss;
  result.outputs.resize(info.layers.size());
  result.params.resize(info.params.size());
  result.log2_derivative.assign(info.layers.size(), kNan);
  for (const SketchRecord& record : step.sketches) {
    const Site& site = record.site;
    const auto place = static_cast<std::size_t>(site.id);
    if (site.role == Role::weight && place < result.params.size()) {
      result.params[place] = facts_of(record.sketch);
    } else if ((site.role == Role::z || site.role == Role::a) && site.output == 0 &&
               place < result.outputs.size()) {
      result.outputs[place] = facts_of(record.sketch);
    }
  }
  for (const ActivationRecord& record : step.activations) {
    const auto place = static_cast<std::size_t>(record.layer);
    if (place < result.log2_derivative.size()) {
      result.log2_derivative[place] = record.log2_rms_derivative;
    }
  }
  return result;
}

LayerId output_layer(const RunInfo& info) {
  if (!info.outputs.empty()) return info.outputs.back();
  std::vector<bool> is_read(info.layers.size());
  for (const LayerInfo& layer : info.layers) {
    for (const Edge& edge : layer.inputs) {
      const auto from = static_cast<std::size_t>(edge.from);
      if (from < is_read.size()) is_read[from] = true;
    }
  }
  for (std::size_t i = is_read.size(); i-- > 0;) {
    if (!is_read[i]) return static_cast<LayerId>(i);
  }
  return kNoLayer;
}

double baseline_loss(const RunInfo& info) {
  if (info.baseline && std::isfinite(info.baseline->loss)) return info.baseline->loss;
  if (!info.data_info) return kNan;
  const DataInfo& data = *info.data_info;
  if (info.loss == "cross_entropy" && !data.class_sizes.empty()) {
    double all = 0, entropy = 0;
    for (const std::int64_t size : data.class_sizes) all += static_cast<double>(size);
    for (const std::int64_t size : data.class_sizes) {
      if (size <= 0) continue;
      const double p = static_cast<double>(size) / all;
      entropy -= p * std::log(p);
    }
    return entropy;
  }
  if (info.loss == "mse" && !data.targets.empty()) {
    double variance = 0;
    for (const ColumnInfo& target : data.targets) variance += target.deviation * target.deviation;
    return variance / 2;
  }
  return kNan;
}

}  // namespace plumb
