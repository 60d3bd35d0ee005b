// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/input_scale.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "plumb/diagnose/input_facts.h"
#include "plumb/diagnose/rules/column_scale.h"

namespace plumb {

void check_input_scale(const RunView& view, std::vector<Finding>& findings) {
  const std::vector<ColumnInfo>* columns = raw_inputs(view.info());
  if (columns == nullptr || has_large_column(*columns)) return;
  double squares = 0, mean = 0;
  for (const ColumnInfo& column : *columns) {
    squares += rms_of(column) * rms_of(column);
    mean += column.mean;
  }
  const auto count = static_cast<double>(columns->size());
  const double rms = std::sqrt(squares / count);
  const bool large = rms >= kLargeInput;
  const bool small = rms > 0 && rms <= kSmallInput;
  if (!large && !small) return;
  Finding finding = input_finding(view, "input_scale", input_effect(view));
  if (small) finding.severity = std::max(finding.severity, Severity::warning);
  finding.evidence.insert(
      finding.evidence.begin(),
      {{large ? Quantity::input_rms : Quantity::small_input_rms, rms, finding.place, {}},
       large ? kLargeInput : kSmallInput});
  finding.facts.push_back({Quantity::input_mean, mean / count, finding.place, {}});
  findings.push_back(std::move(finding));
}

}  // namespace plumb
