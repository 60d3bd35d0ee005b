// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plumb/diagnose/explain.h"
#include "plumb/diagnose/rule.h"
#include "plumb/diagnose/words.h"

namespace plumb {

namespace {

/// How well the network does, with what guessing would give beside it; empty if that is not known.
std::string outcome_text(const Run& run) {
  for (auto step = run.steps.rbegin(); step != run.steps.rend(); ++step) {
    if (!step->validation_accuracy || run.info.classes < 2) continue;
    return fmt::format(
        " After {} it has {} of the validation samples right; guessing among {} classes gives {}.",
        count_text(step->step + 1, "step"), percent_text(*step->validation_accuracy),
        run.info.classes, percent_text(1.0 / static_cast<double>(run.info.classes)));
  }
  return {};
}

std::string healthy_verdict(const Run& run) {
  const RunView view(run);
  if (view.measured().empty())
    return "Nothing was measured, so nothing can be said about this run.";
  std::string text = fmt::format(
      "Nothing wrong was found in {} ({}), looking for {} kinds of trouble.",
      count_text(static_cast<long long>(view.measured().size()), "measured step"),
      steps_text(view.measured().front()->step, view.measured().back()->step), rule_table().size());
  // The first that tells: a network whose output layer starts at zero has none in its first step.
  const auto flow =
      std::find_if(view.flows().begin(), view.flows().end(),
                   [](const DepthFlow& one) { return one.known && std::isfinite(one.log2_total); });
  if (flow != view.flows().end()) {
    text += fmt::format(
        " On the way back from {} to {} the gradient keeps {} times its size, so it reaches every "
        "layer.",
        layer_of_text(run.info, flow->top), layer_text(run.info, flow->bottom),
        size_text(flow->log2_total));
  }
  for (const TimeFlow& time : view.times().front()) {
    if (!time.known || !std::isfinite(time.log2_kept)) continue;
    text += fmt::format(" Back through {} of {} it keeps {} times its size.",
                        count_text(time.steps, "time step"), layer_text(run.info, time.path),
                        size_text(time.log2_kept));
  }
  return text + outcome_text(run);
}

}  // namespace

std::string verdict(const Run& run, std::span<const Finding> findings) {
  if (findings.empty()) return healthy_verdict(run);
  const Finding& worst = findings.front();
  std::string text =
      fmt::format("{} {} {}{}", worst.symptom, worst.cause, worst.consequence, outcome_text(run));
  std::string also;
  for (const Finding& finding : findings.subspan(1)) {
    if (is_explained(finding)) continue;
    also += also.empty() ? finding.rule : ", " + finding.rule;
  }
  if (!also.empty()) text += fmt::format(" Also found: {}.", also);
  if (!worst.remedies.empty())
    text += fmt::format(" First thing to try: {}.", worst.remedies.front());
  return text;
}

}  // namespace plumb
