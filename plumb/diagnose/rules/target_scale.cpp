// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/target_scale.h"

#include <algorithm>
#include <cmath>

#include "plumb/diagnose/finding_steps.h"
#include "plumb/diagnose/forward_step.h"
#include "plumb/diagnose/learning_finding.h"
#include "plumb/diagnose/output_end.h"

namespace plumb {

namespace {

double rms(const ColumnInfo& column) { return std::hypot(column.mean, column.deviation); }

}  // namespace

void check_target_scale(const RunView& view, std::vector<Finding>& findings) {
  const RunInfo& info = view.info();
  if (!info.data_info || info.data_info->targets.empty() || !is_loss_of_distance(info)) return;
  const std::vector<ColumnInfo>& targets = info.data_info->targets;
  const auto largest =
      std::max_element(targets.begin(), targets.end(),
                       [](const ColumnInfo& a, const ColumnInfo& b) { return rms(a) < rms(b); });
  const double size = rms(*largest);
  const bool large = size >= kLargeTarget;
  const bool small = largest->deviation > 0 &&
                     (size <= kSmallTarget || (size <= kRatherSmallTarget && learns_badly(view)));
  const double shift = std::abs(largest->mean) / largest->deviation;
  const bool far_off = std::isfinite(shift) && shift >= kFarOffTarget;
  if (!large && !small && !far_off) return;
  const Place place = Place::loss();
  Finding finding;
  finding.rule = "target_scale";
  finding.severity = size >= kVeryLargeTarget ? Severity::critical : Severity::warning;
  finding.place = place;
  set_all_steps(view, finding);
  if (large || small) {
    const double limit = large                  ? kLargeTarget
                         : size <= kSmallTarget ? kSmallTarget
                                                : kRatherSmallTarget;
    finding.evidence = {
        {{large ? Quantity::target_rms : Quantity::small_target_rms, size, place, {}}, limit}};
  }
  if (far_off) {
    finding.evidence.push_back({{Quantity::shift_in_deviations, shift, place, {}}, kFarOffTarget});
  }
  finding.facts = {
      {Quantity::column_number, static_cast<double>(largest - targets.begin()), place, {}},
      {Quantity::target_mean, largest->mean, place, {}},
      {Quantity::target_deviation, largest->deviation, place, {}}};
  finding.cause = {CauseKind::data, place, 1, {}};
  finding.remedies = {{RemedyKind::scale_targets, place, {}, {}}};
  findings.push_back(std::move(finding));
}

}  // namespace plumb
