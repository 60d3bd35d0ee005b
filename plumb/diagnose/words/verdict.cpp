// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/words/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "plumb/diagnose/rule.h"
#include "plumb/diagnose/words/finding_words.h"
#include "plumb/diagnose/words/layer_names.h"
#include "plumb/diagnose/words/sizes.h"

namespace plumb {

namespace {

/// How well the network does, with what guessing would give beside it; empty if that is not known.
std::string accuracy_text(const RunInfo& info, const std::optional<RunView::Validation>& last) {
  if (!last || info.classes < 2) return {};
  return fmt::format(
      " After {} it has {} of the validation samples right; guessing among {} classes gives {}.",
      count_text(last->step + 1, "step"), percent_text(last->accuracy), info.classes,
      percent_text(1.0 / static_cast<double>(info.classes)));
}

const char* missing_text(Missing missing) {
  switch (missing) {
    case Missing::nothing: break;
    case Missing::steps: return "Nothing was measured, so nothing can be said about this run.";
    case Missing::layers:
      return "The layers were not recorded, so nothing can be said about the gradient between "
             "them.";
    case Missing::gradients:
      return "The gradient between the layers was not recorded, so nothing can be said about it.";
    case Missing::edges:
      return "How the layers are connected was not recorded, so nothing can be said about the "
             "gradient between them.";
  }
  return "";
}

std::string depth_text(const RunView& view, const LayerNames& names) {
  // The first that tells: a network whose output layer starts at zero has none in its first step.
  const auto step = std::find_if(
      view.measured().begin(), view.measured().end(),
      [](const MeasuredStep& one) { return one.flow.known && std::isfinite(one.flow.log2_total); });
  if (step == view.measured().end()) return {};
  const DepthFlow& flow = step->flow;
  return fmt::format(" On the way back from {} to {} the gradient keeps {} times its size{}.",
                     names.layer_of(flow.top), names.layer(flow.bottom), size_text(flow.log2_total),
                     flow.reaches_first ? ", so it reaches every layer"
                                        : "; what it does in the layers before was not recorded");
}

std::string healthy_verdict(const RunView& view) {
  const LayerNames names(view.info());
  std::string text = fmt::format(
      "Nothing wrong was found in {} ({}), looking for {} kinds of trouble.",
      count_text(static_cast<long long>(view.measured().size()), "measured step"),
      steps_text(view.measured().front().step, view.measured().back().step), rule_table().size());
  text += depth_text(view, names);
  for (const TimeFlow& time : view.measured().front().times) {
    if (!time.known || !std::isfinite(time.log2_kept)) continue;
    text += fmt::format(" Back through {} of {} it keeps {} times its size.",
                        count_text(time.steps, "time step"), names.layer(time.layer),
                        size_text(time.log2_kept));
  }
  return text;
}

std::string sick_verdict(const RunInfo& info, std::span<const Finding> findings,
                         const std::string& accuracy) {
  const FindingWords worst = words_of(info, findings, findings.front());
  std::string text =
      fmt::format("{} {} {}{}", worst.symptom, worst.cause, worst.consequence, accuracy);
  std::string also;
  for (const Finding& finding : findings.subspan(1)) {
    // What follows from another is told by that one, but for what ends the run (a NaN).
    if (finding.is_explained() && finding.severity != Severity::critical) continue;
    also += also.empty() ? finding.rule : ", " + finding.rule;
  }
  if (!also.empty()) text += fmt::format(" Also found: {}.", also);
  if (!worst.remedies.empty()) {
    text += fmt::format(" First thing to try: {}.", worst.remedies.front());
  }
  return text;
}

}  // namespace

std::string verdict(const Diagnosis& diagnosis) {
  return verdict(diagnosis.view(), diagnosis.findings());
}

std::string verdict(const RunView& view, std::span<const Finding> findings) {
  const std::string accuracy = accuracy_text(view.info(), view.last_validation());
  if (!findings.empty()) return sick_verdict(view.info(), findings, accuracy);
  const Missing missing = view.missing();
  return (missing == Missing::nothing ? healthy_verdict(view) : missing_text(missing)) + accuracy;
}

std::string verdict(const Run& run, std::span<const Finding> findings) {
  if (findings.empty()) return verdict(RunView(run), findings);
  std::optional<RunView::Validation> last;
  for (const StepRecord& step : run.steps) {
    if (step.validation_accuracy) last = {step.step, *step.validation_accuracy};
  }
  return sick_verdict(run.info, findings, accuracy_text(run.info, last));
}

}  // namespace plumb
