// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/missing_outputs.h"

#include <algorithm>
#include <cmath>

#include "plumb/diagnose/finding_steps.h"
#include "plumb/diagnose/forward_step.h"

namespace plumb {

void check_missing_outputs(const RunView& view, std::vector<Finding>& findings) {
  const RunInfo& info = view.info();
  const LayerId output = output_layer(info);
  if (!info.data_info || info.data_info->class_sizes.empty() || output == kNoLayer) return;
  const std::vector<std::int64_t>& sizes = info.data_info->class_sizes;
  std::int64_t labels = 0, highest = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    labels += sizes[i];
    if (sizes[i] > 0) highest = static_cast<std::int64_t>(i) + 1;
  }
  const std::int64_t units = info.layer(output).units;
  const bool one_for_two = units == 1 && highest <= 2 && info.loss != "cross_entropy";
  if (labels != info.data_info->samples || units <= 0 || units >= highest || one_for_two) return;
  Finding finding;
  finding.rule = "missing_outputs";
  finding.severity = Severity::critical;
  finding.place = Place::layer(output);
  set_all_steps(view, finding);
  finding.evidence = {{{Quantity::outputs, static_cast<double>(units), finding.place, {}},
                       static_cast<double>(highest)}};
  finding.facts = {{Quantity::classes, static_cast<double>(highest), Place::loss(), {}}};
  finding.cause = {CauseKind::few_outputs, finding.place, 1, {}};
  finding.remedies = {
      {RemedyKind::more_outputs, finding.place, {{"units", static_cast<double>(highest)}}, {}}};
  findings.push_back(std::move(finding));
}

}  // namespace plumb
