// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/column_scale.h"

#include <algorithm>
#include <utility>

#include "plumb/diagnose/input_facts.h"

namespace plumb {

bool has_large_column(const std::vector<ColumnInfo>& columns) {
  const LargestColumn column = largest_column(columns);
  return column.factor >= kColumnFactor && column.rms > 1;
}

void check_column_scale(const RunView& view, std::vector<Finding>& findings) {
  const std::vector<ColumnInfo>* columns = raw_inputs(view.info());
  if (columns == nullptr || !has_large_column(*columns)) return;
  const LargestColumn column = largest_column(*columns);
  const ColumnInfo& one = (*columns)[column.index];
  Finding finding = input_finding(view, "column_scale", input_effect(view));
  if (column.factor >= kColumnFactorAlone) {
    finding.severity = std::max(finding.severity, Severity::warning);
  }
  finding.evidence.insert(
      finding.evidence.begin(),
      {{Quantity::column_factor, column.factor, finding.place, {}}, kColumnFactor});
  finding.facts.insert(
      finding.facts.end(),
      {{Quantity::column_number, static_cast<double>(column.index), finding.place, {}},
       {Quantity::column_mean, one.mean, finding.place, {}},
       {Quantity::column_deviation, one.deviation, finding.place, {}}});
  findings.push_back(std::move(finding));
}

}  // namespace plumb
