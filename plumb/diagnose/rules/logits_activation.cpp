// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/logits_activation.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "plumb/diagnose/finding_steps.h"
#include "plumb/diagnose/output_end.h"

namespace plumb {

namespace {

/// How many it has, as it or a layer that it reads knows them; 0 where none does.
std::int64_t outputs_of(const RunInfo& info, LayerId layer) {
  while (info.layer(layer).units == 0 && info.layer(layer).inputs.size() == 1) {
    layer = info.layer(layer).inputs[0].from;
  }
  return info.layer(layer).units;
}

/// The lowest cross-entropy that outputs within the range can reach; NaN where there is none.
double floor_of(const RunInfo& info, const OutputEnd& end) {
  if (!end.range || !end.range->is_bounded()) return std::nan("");
  const auto [low, high] = *end.range;
  const auto units = static_cast<double>(outputs_of(info, end.layer));
  if (units < 1) return std::nan("");
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

}  // namespace

void check_logits_activation(const RunView& view, std::vector<Finding>& findings) {
  const RunInfo& info = view.info();
  if (info.loss != "cross_entropy" && info.loss != "binary_cross_entropy") return;
  const OutputEnd end = output_end(info);
  if (end.layer == kNoLayer) return;
  const double floor = floor_of(info, end);
  const double baseline = baseline_loss(info);
  const bool is_high = floor >= kFloorFraction * baseline;
  const bool no_negative = end.range && end.range->low >= 0;
  Finding finding;
  finding.rule = "logits_activation";
  finding.severity = is_high || no_negative ? Severity::critical : Severity::warning;
  finding.place = Place::layer(end.layer);
  set_all_steps(view, finding);
  finding.evidence = {{{Quantity::activations_before_loss, 1, finding.place, {}}, 1}};
  if (is_high) {
    finding.evidence.push_back(
        {{Quantity::loss_floor, floor, finding.place, {}}, kFloorFraction * baseline});
  } else if (std::isfinite(floor)) {
    finding.facts.push_back({Quantity::loss_floor, floor, finding.place, {}});
  }
  if (std::isfinite(baseline)) {
    finding.facts.push_back({Quantity::baseline_loss, baseline, Place::loss(), {}});
  }
  finding.cause = {CauseKind::output_activation, finding.place, 1, {}};
  finding.remedies = {{RemedyKind::drop_activation, finding.place, {}, {}}};
  findings.push_back(std::move(finding));
}

}  // namespace plumb
