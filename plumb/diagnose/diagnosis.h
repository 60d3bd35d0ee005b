// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plumb/diagnose/outcome.h"
#include "plumb/diagnose/run_view.h"
#include "plumb/record/finding.h"

namespace plumb {

/// The diagnosis of one run, which grows with it: takes the steps as they come, and can be asked at
/// any time. What it answers is what a new one over the same steps would.
///
/// How to use:
///
///   Diagnosis diagnosis(run.info);
///   for (const StepRecord& step : run.steps) diagnosis.add(step);
///   const std::vector<Finding>& findings = diagnosis.findings();
///   for (const Finding& finding : findings) {
///     std::printf("%s: %s\n", finding.rule.c_str(),  // facts; the words are made of them
///                 words_of(run.info, findings, finding).symptom.c_str());
///   }
///
/// words/ makes the sentences and the verdict; view() has the flow of each measured step.
/// Errors, lifetime, threads: those of RunView.
class Diagnosis {
 public:
  explicit Diagnosis(const RunInfo& info) : view_(info) {}
  /// With all of its steps.
  explicit Diagnosis(const Run& run) : view_(run) {}
  explicit Diagnosis(const RunInfo&&) = delete;  ///< would dangle
  explicit Diagnosis(const Run&&) = delete;

  void grow(const RunInfo& info);
  void add(const StepRecord& step);

  const RunView& view() const { return view_; }
  /// The worst first; what follows from another after all that does not. A finding's id is its
  /// place in the list. Judged once for the steps so far: asking again costs nothing.
  const std::vector<Finding>& findings() const;
  /// Takes these findings for its own until the next step: the same ones, with remedies that were
  /// checked (cure/advice.h) in the place of those that the rules named. `advice` is the sentence
  /// by which the verdict ends then; empty where that is the first remedy of the first finding.
  void prescribe(std::vector<Finding> findings, std::string advice = {}) {
    findings_ = std::move(findings);
    advice_ = std::move(advice);
  }
  const std::string& advice() const { return advice_; }
  Outcome outcome() const;

 private:
  RunView view_;
  mutable std::optional<std::vector<Finding>> findings_;
  std::string advice_;
};

/// Runs every rule, finds what follows from what (explain.h) and what did harm (judge_harm.h); in
/// the order of Diagnosis::findings.
std::vector<Finding> diagnose(const RunView& view);
/// The short way for a finished run. Without measured steps the result is empty.
std::vector<Finding> diagnose(const Run& run);

}  // namespace plumb
