// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/output_activation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include "plumb/diagnose/forward_step.h"

namespace plumb {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Range {
  double low = -kInfinity;
  double high = kInfinity;
};

struct NamedRange {
  std::string_view function;
  Range range;
};

/// By the names of theory::make_activation.
constexpr NamedRange kRanges[] = {
    {"sigmoid", {0, 1}},          {"hardsigmoid", {0, 1}}, {"tanh", {-1, 1}},
    {"hardtanh", {-1, 1}},        {"softsign", {-1, 1}},   {"relu", {0, kInfinity}},
    {"softplus", {0, kInfinity}}, {"relu6", {0, 6}},       {"elu", {-1, kInfinity}}};

std::optional<Range> range_of(std::string_view function) {
  for (const NamedRange& one : kRanges) {
    if (one.function == function) return one.range;
  }
  return std::nullopt;
}

struct End {
  LayerId layer = kNoLayer;
  bool is_softmax = false;
  std::optional<Range> range;
};

/// The values of each sample add up to 1, none above it.
bool adds_up(const RunView& view, LayerId layer) {
  const std::int64_t units = view.info().layer(layer).units;
  if (units < 2) return false;
  const auto holds = [&](const ForwardStep* step) {
    if (step == nullptr) return false;
    const TensorFacts& y = step->output(layer);
    return y.known() && y.abs_max <= 1 + 1e-6 &&
           std::abs(y.mean * static_cast<double>(units) - 1) < 1e-4;
  };
  return holds(view.first_forward()) && holds(view.last_forward());
}

End find_end(const RunView& view) {
  const RunInfo& info = view.info();
  LayerId layer = output_layer(info);
  while (layer != kNoLayer && info.layer(layer).family == LayerFamily::shape &&
         info.layer(layer).inputs.size() == 1) {
    layer = info.layer(layer).inputs[0].from;
  }
  if (layer == kNoLayer) return {};
  const LayerInfo& one = info.layer(layer);
  if (one.family == LayerFamily::other && adds_up(view, layer)) return {layer, true, Range{0, 1}};
  if (one.family != LayerFamily::activation || !one.traits) return {};
  const bool passes_all = one.traits->low_slope == 1 && one.traits->high_slope == 1;
  return passes_all ? End{} : End{layer, false, range_of(one.function)};
}

/// The lowest cross-entropy that outputs within the range can reach; NaN where there is none.
double floor_of(const RunInfo& info, const End& end) {
  if (!end.range || !std::isfinite(end.range->low) || !std::isfinite(end.range->high)) {
    return std::nan("");
  }
  const auto [low, high] = *end.range;
  const auto units = static_cast<double>(info.layer(end.layer).units);
  const auto softplus = [](double x) { return std::log1p(std::exp(x)); };
  if (info.loss == "cross_entropy") return std::log1p((units - 1) * std::exp(low - high));
  // Of binary labels: log(1 + e^-high) of those that are 1, log(1 + e^low) of those that are 0.
  double ones = 0.5;
  if (info.data_info && info.data_info->targets.size() == 1) {
    ones = std::clamp(info.data_info->targets[0].mean, 0.0, 1.0);
  } else if (info.data_info && info.data_info->class_sizes.size() == 2) {
    const auto a = static_cast<double>(info.data_info->class_sizes[0]);
    const auto b = static_cast<double>(info.data_info->class_sizes[1]);
    ones = a + b > 0 ? b / (a + b) : 0.5;
  }
  return units > 1 ? std::nan("") : ones * softplus(-high) + (1 - ones) * softplus(low);
}

Finding start(const RunView& view, const End& end) {
  Finding finding;
  finding.rule = "output_activation";
  finding.place = Place::layer(end.layer);
  finding.first_step = view.measured().front().step;
  finding.last_step = view.measured().back().step;
  finding.cause = {CauseKind::output_activation, finding.place, 1, {}};
  finding.remedies = {{RemedyKind::drop_activation, finding.place, {}, {}}};
  return finding;
}

void check_logits(const RunView& view, const End& end, std::vector<Finding>& findings) {
  Finding finding = start(view, end);
  const double floor = floor_of(view.info(), end);
  const double baseline = baseline_loss(view.info());
  const bool no_negative = end.range && end.range->low >= 0;
  finding.severity =
      floor >= kFloorFraction * baseline || no_negative ? Severity::critical : Severity::warning;
  if (std::isfinite(floor)) {
    finding.evidence = {
        {{Quantity::loss_floor, floor, finding.place, {}}, kFloorFraction * baseline}};
    if (!std::isfinite(baseline)) finding.evidence[0].threshold = 0;
  } else {
    finding.evidence = {{{Quantity::activations_before_loss, 1, finding.place, {}}, 1}};
  }
  if (std::isfinite(baseline)) {
    finding.facts.push_back({Quantity::baseline_loss, baseline, Place::loss(), {}});
  }
  finding.facts.push_back({Quantity::is_softmax, end.is_softmax ? 1.0 : 0.0, finding.place, {}});
  findings.push_back(std::move(finding));
}

void check_range(const RunView& view, const End& end, std::vector<Finding>& findings) {
  if (!end.range || !view.info().data_info) return;
  double worst = 0;
  const ColumnInfo* target = nullptr;
  for (const ColumnInfo& one : view.info().data_info->targets) {
    if (!(one.deviation > 0)) continue;
    const double beyond =
        std::max(one.largest - end.range->high, end.range->low - one.smallest) / one.deviation;
    if (beyond <= worst) continue;
    worst = beyond;
    target = &one;
  }
  if (target == nullptr || worst < kBeyond) return;
  const bool none_within = target->mean > end.range->high || target->mean < end.range->low;
  Finding finding = start(view, end);
  finding.severity = none_within ? Severity::critical : Severity::warning;
  finding.cause.kind = CauseKind::output_range;
  finding.evidence = {{{Quantity::target_beyond, worst, finding.place, {}}, kBeyond}};
  finding.facts = {{Quantity::target_smallest, target->smallest, Place::loss(), {}},
                   {Quantity::target_largest, target->largest, Place::loss(), {}},
                   {Quantity::output_low, end.range->low, finding.place, {}},
                   {Quantity::output_high, end.range->high, finding.place, {}}};
  finding.remedies.push_back({RemedyKind::scale_targets, Place::loss(), {{"to", "range"}}, {}});
  findings.push_back(std::move(finding));
}

}  // namespace

void check_output_activation(const RunView& view, std::vector<Finding>& findings) {
  const End end = find_end(view);
  if (end.layer == kNoLayer) return;
  const std::string& loss = view.info().loss;
  if (loss == "cross_entropy" || loss == "binary_cross_entropy") {
    check_logits(view, end, findings);
  } else if (loss == "mse") {
    check_range(view, end, findings);
  }
}

}  // namespace plumb
