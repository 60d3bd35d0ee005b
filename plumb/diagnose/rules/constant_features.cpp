// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/constant_features.h"

#include <algorithm>
#include <cmath>

#include "plumb/diagnose/finding_steps.h"
#include "plumb/diagnose/forward_step.h"
#include "plumb/diagnose/input_facts.h"

namespace plumb {

void check_constant_features(const RunView& view, std::vector<Finding>& findings) {
  const RunInfo& info = view.info();
  if (!info.data_info || info.data_info->samples < 2 || info.data_info->inputs.empty()) return;
  const std::vector<ColumnInfo>& columns = info.data_info->inputs;
  const auto constant = std::count_if(columns.begin(), columns.end(),
                                      [](const ColumnInfo& one) { return one.deviation == 0; });
  const bool all = static_cast<std::size_t>(constant) == columns.size();
  const bool is_table = columns.size() <= kFewColumns || !columns.front().name.empty();
  double of_constants = 0, of_others = 0;
  for (const ColumnInfo& one : columns) {
    if (one.deviation == 0) of_constants += one.mean * one.mean;
    of_others += one.deviation * one.deviation;
  }
  const double share = of_constants / of_others;
  const bool heavy = !all && share >= kConstantShare && raw_inputs(info) != nullptr;
  if (constant == 0 || (!all && !is_table && !heavy)) return;
  const auto first = std::find_if(columns.begin(), columns.end(),
                                  [](const ColumnInfo& one) { return one.deviation == 0; });
  const Remedy scale{RemedyKind::scale_inputs, {}, {{"by", "column"}}, {}};
  Finding finding;
  finding.rule = "constant_features";
  finding.severity = all ? Severity::critical : heavy ? Severity::warning : Severity::note;
  set_all_steps(view, finding);
  finding.evidence = {{{Quantity::columns_affected, static_cast<double>(constant), {}, {}}, 1}};
  if (heavy) {
    finding.evidence.push_back(
        {{Quantity::column_factor, std::sqrt(share), {}, {}}, std::sqrt(kConstantShare)});
  }
  finding.facts = {{Quantity::columns, static_cast<double>(columns.size()), {}, {}},
                   {Quantity::column_number, static_cast<double>(first - columns.begin()), {}, {}},
                   {Quantity::column_mean, first->mean, {}, {}}};
  finding.cause = {CauseKind::data, {}, 1, {}};
  finding.remedies = {{RemedyKind::drop_columns, {}, {}, {}}};
  if (heavy) finding.remedies.insert(finding.remedies.begin(), scale);
  findings.push_back(std::move(finding));
}

}  // namespace plumb
