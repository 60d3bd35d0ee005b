// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/output_range.h"

#include <algorithm>
#include <utility>

#include "plumb/diagnose/finding_steps.h"
#include "plumb/diagnose/output_end.h"

namespace plumb {

void check_output_range(const RunView& view, std::vector<Finding>& findings) {
  const RunInfo& info = view.info();
  if (!is_loss_of_distance(info) || !info.data_info) return;
  const OutputEnd end = output_end(info);
  if (end.layer == kNoLayer || !end.range) return;
  const auto [low, high] = *end.range;
  double worst = 0;
  const ColumnInfo* target = nullptr;
  for (const ColumnInfo& one : info.data_info->targets) {
    if (!(one.deviation > 0)) continue;
    const double beyond = std::max(one.largest - high, low - one.smallest) / one.deviation;
    if (beyond <= worst) continue;
    worst = beyond;
    target = &one;
  }
  if (target == nullptr || worst < kBeyond) return;
  Finding finding;
  finding.rule = "output_range";
  finding.severity =
      target->mean > high || target->mean < low ? Severity::critical : Severity::warning;
  finding.place = Place::layer(end.layer);
  set_all_steps(view, finding);
  finding.evidence = {{{Quantity::target_beyond, worst, finding.place, {}}, kBeyond}};
  finding.facts = {{Quantity::target_smallest, target->smallest, Place::loss(), {}},
                   {Quantity::target_largest, target->largest, Place::loss(), {}},
                   {Quantity::output_low, low, finding.place, {}},
                   {Quantity::output_high, high, finding.place, {}}};
  finding.cause = {CauseKind::output_activation, finding.place, 1, {}};
  finding.remedies = {{RemedyKind::drop_activation, finding.place, {}, {}},
                      {RemedyKind::scale_targets, Place::loss(), {{"to", "range"}}, {}}};
  findings.push_back(std::move(finding));
}

}  // namespace plumb
