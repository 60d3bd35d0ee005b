// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/diagnose/rule.h"

namespace plumb::test {

/// What one rule alone says of a run.
inline std::vector<Finding> findings_of(RuleCheck check, const plumb::Run& run) {
  std::vector<Finding> findings;
  check(RunView(run), findings);
  return findings;
}

inline const Finding* find_rule(const std::vector<Finding>& findings, std::string_view rule) {
  const auto it = std::find_if(findings.begin(), findings.end(),
                               [&](const Finding& finding) { return finding.rule == rule; });
  return it == findings.end() ? nullptr : &*it;
}

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// Every finding must be complete enough to be read alone.
inline bool is_complete(const Finding& finding) {
  const auto has_source = [](const Evidence& e) {
    return !e.quantity.empty() && !e.threshold_source.empty();
  };
  return !finding.rule.empty() && !finding.symptom.empty() && !finding.cause.empty() &&
         !finding.consequence.empty() && !finding.remedies.empty() && !finding.evidence.empty() &&
         std::all_of(finding.evidence.begin(), finding.evidence.end(), has_source) &&
         finding.first_step <= finding.last_step;
}

}  // namespace plumb::test
