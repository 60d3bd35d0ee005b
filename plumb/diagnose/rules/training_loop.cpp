// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/training_loop.h"

#include <algorithm>

#include "plumb/diagnose/finding_steps.h"
#include "plumb/diagnose/loop_faults.h"

namespace plumb {

namespace {

Severity severity_of(const std::vector<LoopFault>& faults, bool learns) {
  if (!learns) return Severity::critical;
  const auto is_grave = [](const LoopFault& fault) {
    return fault.kind == loop_fault::kBroadcast || fault.kind == loop_fault::kUntrained;
  };
  if (std::any_of(faults.begin(), faults.end(), is_grave)) return Severity::critical;
  const auto is_left_out = [](const LoopFault& fault) {
    return fault.kind == loop_fault::kLeftOut;
  };
  return std::all_of(faults.begin(), faults.end(), is_left_out) ? Severity::note
                                                                : Severity::warning;
}

}  // namespace

void check_training_loop(const RunView& view, std::vector<Finding>& findings) {
  const std::vector<LoopFault> faults = loop_faults(view.info());
  if (faults.empty()) return;
  Finding finding;
  finding.rule = "training_loop";
  finding.severity = severity_of(faults, view.learning().learns);
  set_all_steps(view, finding);
  finding.evidence = {{{Quantity::count, static_cast<double>(faults.size()), {}, {}}, 1}};
  finding.cause = {CauseKind::unknown, {}, 1, {}};  // none that a number shows
  for (const LoopFault& fault : faults) {
    finding.remedies.push_back(
        {RemedyKind::look_closer, {}, {{"at", "training_loop"}, {"fault", fault.kind}}, {}});
  }
  findings.push_back(std::move(finding));
}

}  // namespace plumb
