// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/odd_layer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "plumb/diagnose/flow_finding.h"

namespace plumb {

void check_odd_layer(const RunView& view, std::vector<Finding>& findings) {
  if (view.measured().empty()) return;
  const MeasuredStep& step = view.measured().front();
  for (const OddLayer& odd : step.odd) {
    if (!odd.is_far) continue;
    const Place place = Place::layer(odd.layer);
    const bool is_said = std::any_of(findings.begin(), findings.end(), [&](const Finding& one) {
      return one.place == place || one.cause.place == place;
    });
    if (is_said) continue;
    Finding finding;
    finding.rule = "odd_layer";
    finding.severity = Severity::warning;
    finding.first_step = finding.last_step = step.step;
    blame(view.info(), odd, finding);
    finding.evidence = {
        {{Quantity::odd_log2, odd.log2, place, {}}, std::copysign(kOddFarLog2, odd.log2)}};
    std::erase_if(finding.cause.facts,
                  [](const Fact& fact) { return fact.quantity == Quantity::odd_log2; });
    findings.push_back(std::move(finding));
  }
}

}  // namespace plumb
