// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/diagnosis.h"

#include <algorithm>

#include "plumb/diagnose/explain.h"
#include "plumb/diagnose/judge_harm.h"
#include "plumb/diagnose/rule.h"

namespace plumb {

namespace {

/// From now on an id is a place in the list.
void number(std::vector<Finding>& findings) {
  std::vector<int> place(findings.size());
  for (std::size_t i = 0; i < findings.size(); ++i) {
    place[static_cast<std::size_t>(findings[i].id)] = static_cast<int>(i);
  }
  for (Finding& finding : findings) {
    finding.id = place[static_cast<std::size_t>(finding.id)];
    if (finding.explained_by) {
      finding.explained_by = place[static_cast<std::size_t>(*finding.explained_by)];
    }
  }
}

}  // namespace

std::vector<Finding> diagnose(const RunView& view) {
  std::vector<Finding> findings;
  if (view.measured().empty()) return findings;
  for (const RuleEntry& rule : rule_table()) rule.check(view, findings);
  for (std::size_t i = 0; i < findings.size(); ++i) findings[i].id = static_cast<int>(i);
  explain(view, findings);
  judge_harm(view, findings);
  // What follows from something comes after everything that does not; a NaN among them keeps its
  // severity. Of two that are as severe, what lasts comes before what is over.
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    if (a.is_explained() != b.is_explained()) return b.is_explained();
    if (a.severity != b.severity) return a.severity > b.severity;
    return b.over && !a.over;
  });
  number(findings);
  return findings;
}

std::vector<Finding> diagnose(const Run& run) { return diagnose(RunView(run)); }

void Diagnosis::grow(const RunInfo& info) {
  view_.grow(info);
  findings_.reset();
  advice_.clear();
}

void Diagnosis::add(const StepRecord& step) {
  view_.add(step);
  findings_.reset();
  advice_.clear();
}

const std::vector<Finding>& Diagnosis::findings() const {
  if (!findings_) findings_ = diagnose(view_);
  return *findings_;
}

Outcome Diagnosis::outcome() const { return outcome_of(view_, findings()); }

}  // namespace plumb
