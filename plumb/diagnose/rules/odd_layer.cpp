// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/odd_layer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "plumb/diagnose/flow_finding.h"

namespace plumb {

namespace {

/// What one weight that is too large does to a training: its gradients are as much too large.
bool is_torn(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(), [](const Finding& one) {
    return one.severity != Severity::note &&
           (one.rule == "update_too_large" || one.rule == "non_finite" ||
            one.rule == "exploding_gradient");
  });
}

}  // namespace

void check_odd_layer(const RunView& view, std::vector<Finding>& findings) {
  if (view.measured().empty()) return;
  const MeasuredStep& step = view.measured().front();
  const bool torn = is_torn(findings);
  for (const OddLayer& odd : step.odd) {
    if (!odd.is_far && !(torn && odd.log2 >= kOddTearsLog2)) continue;
    const Place place = Place::layer(odd.layer);
    const bool is_said = std::any_of(findings.begin(), findings.end(), [&](const Finding& one) {
      // What shows later, or breaks there, may be what it led to.
      const bool is_of_training = one.rule == "update_too_large" || one.rule == "non_finite";
      return one.first_step <= step.step && !is_of_training &&
             (one.place == place || one.cause.place == place);
    });
    if (is_said) continue;
    Finding finding;
    finding.rule = "odd_layer";
    finding.severity = Severity::warning;
    finding.first_step = finding.last_step = step.step;
    blame(view.info(), odd, finding);
    finding.evidence = {{{Quantity::odd_log2, odd.log2, place, {}},
                         odd.is_far ? std::copysign(kOddFarLog2, odd.log2) : kOddTearsLog2}};
    std::erase_if(finding.cause.facts,
                  [](const Fact& fact) { return fact.quantity == Quantity::odd_log2; });
    findings.push_back(std::move(finding));
  }
}

}  // namespace plumb
