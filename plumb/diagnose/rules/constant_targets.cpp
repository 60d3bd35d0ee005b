// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/constant_targets.h"

#include <algorithm>
#include <numeric>

#include "plumb/diagnose/finding_steps.h"

namespace plumb {

namespace {

Finding finding_of(const RunView& view, bool all) {
  Finding finding;
  finding.rule = "constant_targets";
  finding.severity = all ? Severity::critical : Severity::note;
  finding.place = Place::loss();
  finding.did_harm = all;
  set_all_steps(view, finding);
  finding.cause = {CauseKind::data, {}, 1, {}};
  finding.remedies = {{RemedyKind::check_labels, {}, {}, {}}};
  return finding;
}

}  // namespace

void check_constant_targets(const RunView& view, std::vector<Finding>& findings) {
  const auto& data = view.info().data_info;
  if (!data || data->samples < 2) return;
  const std::vector<std::int64_t>& sizes = data->class_sizes;
  const auto full = std::find(sizes.begin(), sizes.end(), data->samples);
  if (full != sizes.end()) {
    if (std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}) != data->samples) return;
    Finding finding = finding_of(view, true);
    finding.evidence = {{{Quantity::classes, 1, Place::loss(), {}}, 1}};
    finding.facts = {{Quantity::column_number, static_cast<double>(full - sizes.begin()), {}, {}}};
    findings.push_back(std::move(finding));
    return;
  }
  const std::vector<ColumnInfo>& targets = data->targets;
  const auto is_constant = [](const ColumnInfo& one) { return one.deviation == 0; };
  const auto constant = std::count_if(targets.begin(), targets.end(), is_constant);
  if (constant == 0) return;
  const auto columns = static_cast<std::ptrdiff_t>(targets.size());
  const auto first = std::find_if(targets.begin(), targets.end(), is_constant);
  Finding finding = finding_of(view, constant == columns);
  finding.evidence = {{{Quantity::columns_affected, static_cast<double>(constant), {}, {}}, 1}};
  finding.facts = {{Quantity::columns, static_cast<double>(columns), {}, {}},
                   {Quantity::column_number, static_cast<double>(first - targets.begin()), {}, {}},
                   {Quantity::target_mean, first->mean, {}, {}}};
  findings.push_back(std::move(finding));
}

}  // namespace plumb
