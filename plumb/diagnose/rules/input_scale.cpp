// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/input_scale.h"

#include <algorithm>
#include <cmath>

#include "plumb/diagnose/forward_step.h"

namespace plumb {

namespace {

double rms(const ColumnInfo& column) { return std::hypot(column.mean, column.deviation); }

/// The first layer with weights, and whether a normalisation with running statistics precedes it.
bool is_normalised_first(const RunInfo& info) {
  for (std::size_t i = 0; i < info.layers.size(); ++i) {
    const LayerInfo& layer = info.layers[i];
    if (layer.family != LayerFamily::normalisation || layer.depth != 0) continue;
    if (layer.running_momentum) return true;
  }
  return false;
}

double first_z_rms(const RunView& view) {
  const LayerId first = view.chain_ends().first;
  if (first == kNoLayer || view.first_forward() == nullptr) return std::nan("");
  const TensorFacts& z = view.first_forward()->output(first);
  return z.known() ? z.rms : std::nan("");
}

struct Effect {
  double loss_ratio = std::nan("");
  double first_z = std::nan("");
  Severity severity = Severity::note;
};

Effect effect_of(const RunView& view) {
  Effect effect;
  const bool is_classes = !view.info().data_info->class_sizes.empty();
  if (view.first_forward() != nullptr && is_classes) {
    effect.loss_ratio = view.first_forward()->loss / baseline_loss(view.info());
  }
  effect.first_z = first_z_rms(view);
  if (effect.loss_ratio >= kLargeLoss || effect.first_z >= kLargeFirst) {
    effect.severity = Severity::warning;
  }
  if (effect.loss_ratio >= kVeryLargeLoss) effect.severity = Severity::critical;
  return effect;
}

void add_effect(const RunView& view, const Effect& effect, Finding& finding) {
  if (std::isfinite(effect.loss_ratio)) {
    finding.evidence.push_back(
        {{Quantity::loss_over_baseline, effect.loss_ratio, Place::loss(), {}}, kLargeLoss});
    finding.facts.push_back({Quantity::loss_at_first, view.first_forward()->loss, {}, {}});
    finding.facts.push_back({Quantity::baseline_loss, baseline_loss(view.info()), {}, {}});
  }
  if (std::isfinite(effect.first_z)) {
    finding.facts.push_back(
        {Quantity::z_rms, effect.first_z, Place::layer(view.chain_ends().first), {}});
  }
}

struct Column {
  std::size_t index = 0;
  double factor = 0;  ///< to the median of the others
};

/// The column that stands out most.
Column largest_column(const std::vector<ColumnInfo>& columns) {
  Column largest;
  for (std::size_t i = 1; i < columns.size(); ++i) {
    if (rms(columns[i]) > rms(columns[largest.index])) largest.index = i;
  }
  std::vector<double> others;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i != largest.index && columns[i].deviation > 0) others.push_back(rms(columns[i]));
  }
  if (others.empty()) return largest;
  const auto middle = others.begin() + static_cast<std::ptrdiff_t>(others.size() / 2);
  std::nth_element(others.begin(), middle, others.end());
  largest.factor = rms(columns[largest.index]) / *middle;
  return largest;
}

Finding start(const RunView& view) {
  Finding finding;
  finding.rule = "input_scale";
  finding.place = Place::layer(0);
  for (std::size_t i = 0; i < view.info().layers.size(); ++i) {
    if (view.info().layers[i].family != LayerFamily::input) continue;
    finding.place = Place::layer(static_cast<LayerId>(i));
    break;
  }
  finding.first_step = view.measured().front().step;
  finding.last_step = view.measured().back().step;
  return finding;
}

}  // namespace

void check_input_scale(const RunView& view, std::vector<Finding>& findings) {
  const RunInfo& info = view.info();
  if (!info.data_info || info.data_info->inputs.empty() || is_normalised_first(info)) return;
  const std::vector<ColumnInfo>& columns = info.data_info->inputs;
  double squares = 0, mean = 0;
  for (const ColumnInfo& column : columns) {
    squares += rms(column) * rms(column);
    mean += column.mean;
  }
  const auto count = static_cast<double>(columns.size());
  const double all = std::sqrt(squares / count);
  mean /= count;
  const Column column = largest_column(columns);
  const Effect effect = effect_of(view);
  Finding finding = start(view);
  if (column.factor >= kColumnFactor && rms(columns[column.index]) > 1) {
    const ColumnInfo& one = columns[column.index];
    finding.evidence = {
        {{Quantity::column_factor, column.factor, finding.place, {}}, kColumnFactor}};
    finding.facts = {
        {Quantity::column_number, static_cast<double>(column.index), finding.place, {}},
        {Quantity::column_mean, one.mean, finding.place, {}},
        {Quantity::column_deviation, one.deviation, finding.place, {}}};
    finding.cause.kind = CauseKind::unscaled_column;
    finding.severity = column.factor >= kColumnFactorAlone
                           ? std::max(effect.severity, Severity::warning)
                           : effect.severity;
  } else if (all >= kLargeInput || (all > 0 && all <= kSmallInput)) {
    finding.evidence = {{{Quantity::input_rms, all, finding.place, {}},
                         all >= kLargeInput ? kLargeInput : kSmallInput}};
    finding.facts = {{Quantity::input_mean, mean, finding.place, {}}};
    finding.cause.kind = CauseKind::unscaled_inputs;
    finding.severity = all <= kSmallInput ? Severity::warning : effect.severity;
  } else {
    return;
  }
  finding.cause.place = finding.place;
  add_effect(view, effect, finding);
  finding.remedies = {{RemedyKind::scale_inputs, finding.place, {{"by", "column"}}, {}},
                      {RemedyKind::add_normalisation, finding.place, {{"at", "input"}}, {}}};
  findings.push_back(std::move(finding));
}

}  // namespace plumb
