// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/input_facts.h"

#include <algorithm>
#include <cmath>

#include "plumb/diagnose/finding_steps.h"

namespace plumb {

double rms_of(const ColumnInfo& column) { return std::hypot(column.mean, column.deviation); }

const std::vector<ColumnInfo>* raw_inputs(const RunInfo& info) {
  if (!info.data_info || info.data_info->inputs.empty()) return nullptr;
  const bool scaled = std::any_of(info.layers.begin(), info.layers.end(), [](const LayerInfo& one) {
    return one.family == LayerFamily::normalisation && one.depth == 0 && one.running_momentum;
  });
  return scaled ? nullptr : &info.data_info->inputs;
}

LargestColumn largest_column(const std::vector<ColumnInfo>& columns) {
  LargestColumn largest;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const double rms = rms_of(columns[i]);
    if (rms > largest.rms) largest = {i, 0, rms};
  }
  std::vector<double> others;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i != largest.index && columns[i].deviation > 0) others.push_back(rms_of(columns[i]));
  }
  if (others.empty()) return largest;
  const auto middle = others.begin() + static_cast<std::ptrdiff_t>(others.size() / 2);
  std::nth_element(others.begin(), middle, others.end());
  largest.factor = largest.rms / *middle;
  return largest;
}

namespace {

/// What reads the inputs first, a linear or a recurrent layer, and the size of what it makes of
/// them.
struct FirstReader {
  LayerId layer = kNoLayer;
  double z = std::nan("");
};

/// Of a recurrent layer: the rms of W_ih x, taken from the sizes of both.
double recurrent_z(const RunView& view, LayerId layer) {
  const LayerInfo& info = view.info().layer(layer);
  const ParamId weight = view.info().find_param(layer, ParamUse::weight);
  if (info.inputs.size() != 1 || weight == kNoParam) return std::nan("");
  const LayerId source = info.inputs[0].from;
  const TensorFacts& x = view.first_forward()->output(source);
  const TensorFacts& w = view.first_forward()->param(weight);
  const std::int64_t fan_in = info.fan_in > 0 ? info.fan_in : view.info().layer(source).units;
  if (!x.known() || !w.known() || fan_in <= 0) return std::nan("");
  return x.rms * w.rms * std::sqrt(static_cast<double>(fan_in));
}

FirstReader first_reader(const RunView& view) {
  for (const LayerId layer : view.graph().forward_order()) {
    const LayerFamily family = view.info().layer(layer).family;
    if (family == LayerFamily::recurrent) return {layer, recurrent_z(view, layer)};
    if (family == LayerFamily::linear) break;
  }
  const LayerId layer = view.chain_ends().first;
  if (layer == kNoLayer || !view.first_forward()->output(layer).known()) return {};
  return {layer, view.first_forward()->output(layer).rms};
}

}  // namespace

InputEffect input_effect(const RunView& view) {
  InputEffect effect{std::nan(""), std::nan(""), Severity::note, kNoLayer};
  const ForwardStep* first = view.first_forward();
  if (first == nullptr) return effect;
  const RunInfo& info = view.info();
  const bool has_classes = info.data_info && !info.data_info->class_sizes.empty();
  if (has_classes || info.loss == "cross_entropy") {
    effect.loss_ratio = first->loss / baseline_loss(view.info());
  }
  const FirstReader reader = first_reader(view);
  effect.first_z = reader.z;
  effect.first_layer = reader.layer;
  if (effect.loss_ratio >= InputEffect::kLargeLoss || effect.first_z >= InputEffect::kLargeFirst) {
    effect.severity = Severity::warning;
  }
  if (effect.loss_ratio >= InputEffect::kVeryLargeLoss) effect.severity = Severity::critical;
  return effect;
}

Finding input_finding(const RunView& view, const char* rule, const InputEffect& effect) {
  Finding finding;
  finding.rule = rule;
  finding.severity = effect.severity;
  const std::vector<LayerInfo>& layers = view.info().layers;
  const auto input = std::find_if(layers.begin(), layers.end(), [](const LayerInfo& layer) {
    return layer.family == LayerFamily::input;
  });
  if (input != layers.end()) {
    finding.place = Place::layer(static_cast<LayerId>(input - layers.begin()));
  }
  set_all_steps(view, finding);
  finding.cause = {CauseKind::data, finding.place, 1, {}};
  if (effect.loss_ratio >= InputEffect::kLargeLoss) {
    finding.evidence.push_back(
        {{Quantity::loss_over_baseline, effect.loss_ratio, Place::loss(), {}},
         InputEffect::kLargeLoss});
  }
  if (std::isfinite(effect.loss_ratio)) {
    finding.facts.push_back({Quantity::loss_at_first, view.first_forward()->loss, {}, {}});
    finding.facts.push_back({Quantity::baseline_loss, baseline_loss(view.info()), {}, {}});
  }
  if (std::isfinite(effect.first_z)) {
    finding.facts.push_back(
        {Quantity::z_rms, effect.first_z, Place::layer(effect.first_layer), {}});
  }
  finding.remedies = {{RemedyKind::scale_inputs, finding.place, {{"by", "column"}}, {}}};
  return finding;
}

}  // namespace plumb
