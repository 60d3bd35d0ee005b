// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/input_scale.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "plumb/diagnose/input_facts.h"
#include "plumb/diagnose/learning_finding.h"
#include "plumb/diagnose/rules/column_scale.h"

namespace plumb {

namespace {

/// The first batch holds next to nothing of it: a few samples make it, which come now and then.
bool is_of_few_rows(const RunView& view, double rms) {
  constexpr double kPart = 0.25;  // our choice
  const std::vector<LayerInfo>& layers = view.info().layers;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].family != LayerFamily::input) continue;
    const TensorFacts& batch = view.first_forward()->output(static_cast<LayerId>(i));
    return batch.known() && batch.rms < kPart * rms;
  }
  return false;
}

}  // namespace

void check_input_scale(const RunView& view, std::vector<Finding>& findings) {
  const std::vector<ColumnInfo>* columns = raw_inputs(view.info());
  if (columns == nullptr || has_large_column(*columns)) return;
  double squares = 0, mean = 0, variances = 0;
  for (const ColumnInfo& column : *columns) {
    squares += rms_of(column) * rms_of(column);
    mean += column.mean;
    variances += column.deviation * column.deviation;
  }
  const auto count = static_cast<double>(columns->size());
  const double rms = std::sqrt(squares / count);
  const bool large = rms >= kLargeInput;
  const bool small = rms > 0 && rms <= kSmallInput;
  const double shift = std::sqrt((squares - variances) / variances);
  // Where nothing varies, constant_features speaks.
  const bool far_off =
      std::isfinite(shift) && (shift >= kFarOff || (shift >= kOff && learns_badly(view)));
  if (!large && !small && !far_off) return;
  Finding finding = input_finding(view, "input_scale", input_effect(view));
  if (far_off) {
    finding.severity = std::max(finding.severity, Severity::warning);
    finding.evidence.insert(finding.evidence.begin(),
                            {{Quantity::shift_in_deviations, shift, finding.place, {}},
                             shift >= kFarOff ? kFarOff : kOff});
  }
  if (large && is_of_few_rows(view, rms)) {
    finding.severity = std::max(finding.severity, Severity::warning);
  }
  if (small) finding.severity = std::max(finding.severity, Severity::warning);
  const Fact size{small ? Quantity::small_input_rms : Quantity::input_rms, rms, finding.place, {}};
  if (large || small) {
    finding.evidence.insert(finding.evidence.begin(), {size, large ? kLargeInput : kSmallInput});
  } else {
    finding.facts.push_back(size);
  }
  finding.facts.push_back({Quantity::input_mean, mean / count, finding.place, {}});
  findings.push_back(std::move(finding));
}

}  // namespace plumb
