// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "plumb/diagnose/explain.h"
#include "plumb/diagnose/rule.h"

namespace plumb {

std::vector<Finding> diagnose(const Run& run) {
  std::vector<Finding> findings;
  const RunView view(run);
  if (view.measured().empty()) return findings;
  for (const RuleEntry& rule : rule_table()) rule.check(view, findings);
  explain(view, findings);
  // What follows from something comes after everything that does not; a NaN among them keeps its
  // severity.
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    if (is_explained(a) != is_explained(b)) return is_explained(b);
    return a.severity > b.severity;
  });
  return findings;
}

}  // namespace plumb
