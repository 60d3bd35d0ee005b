// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/constant_features.h"

#include <algorithm>
#include <cmath>

#include "plumb/diagnose/finding_steps.h"
#include "plumb/diagnose/forward_step.h"

namespace plumb {

void check_constant_features(const RunView& view, std::vector<Finding>& findings) {
  const RunInfo& info = view.info();
  if (!info.data_info || info.data_info->samples < 2 || info.data_info->inputs.empty()) return;
  const std::vector<ColumnInfo>& columns = info.data_info->inputs;
  const auto constant = std::count_if(columns.begin(), columns.end(),
                                      [](const ColumnInfo& one) { return one.deviation == 0; });
  const bool all = static_cast<std::size_t>(constant) == columns.size();
  const bool is_table = columns.size() <= kFewColumns || !columns.front().name.empty();
  if (constant == 0 || (!all && !is_table)) return;
  const auto first = std::find_if(columns.begin(), columns.end(),
                                  [](const ColumnInfo& one) { return one.deviation == 0; });
  Finding finding;
  finding.rule = "constant_features";
  finding.severity = all ? Severity::critical : Severity::note;
  set_all_steps(view, finding);
  finding.evidence = {{{Quantity::columns_affected, static_cast<double>(constant), {}, {}}, 1}};
  finding.facts = {{Quantity::columns, static_cast<double>(columns.size()), {}, {}},
                   {Quantity::column_number, static_cast<double>(first - columns.begin()), {}, {}},
                   {Quantity::column_mean, first->mean, {}, {}}};
  finding.cause = {CauseKind::data, {}, 1, {}};
  finding.remedies = {{RemedyKind::drop_columns, {}, {}, {}}};
  findings.push_back(std::move(finding));
}

}  // namespace plumb
