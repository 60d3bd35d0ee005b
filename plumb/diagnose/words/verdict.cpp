// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/words/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "plumb/diagnose/rule.h"
#include "plumb/diagnose/words/finding_words.h"
#include "plumb/diagnose/words/layer_names.h"
#include "plumb/diagnose/words/loop_words.h"
#include "plumb/diagnose/words/sizes.h"

namespace plumb {

namespace {

/// What the verdict says of the loss, the validation and the findings of a run.
struct Facts {
  const RunInfo& info;
  const LossCurve& losses;
  Learning learning;  ///< nothing of a probe
  std::span<const Finding> findings;
};

Facts facts_of(const RunInfo& info, const LossCurve& losses, std::span<const Finding> findings) {
  return {info, losses, info.kind == "probe" ? Learning{} : learning_of(info, losses), findings};
}

/// How well the network does, with what a constant answer would give beside it; empty if that is
/// not known.
std::string accuracy_text(const Facts& facts) {
  const auto& last = facts.losses.last_validation();
  if (!last || facts.info.classes < 2) return {};
  if (!std::isfinite(last->loss)) {
    return fmt::format(
        " After {} its answers to the validation samples are no finite numbers, so none can be "
        "called right or wrong.",
        count_text(last->step + 1, "step"));
  }
  if (!std::isfinite(last->accuracy)) return {};
  const double baseline = facts.learning.baseline_accuracy;
  const std::string other =
      std::isfinite(baseline)
          ? fmt::format("answering always the most frequent class gives {}", percent_text(baseline))
          : fmt::format("guessing among {} classes gives {}", facts.info.classes,
                        percent_text(1.0 / static_cast<double>(facts.info.classes)));
  return fmt::format(" After {} it has {} of the validation samples right; {}.",
                     count_text(last->step + 1, "step"), percent_text(last->accuracy), other);
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

/// "; the best constant answer has 2.303".
std::string baseline_text(const Learning& learning) {
  return learning.has_baseline
             ? fmt::format("; the best constant answer has {}", loss_text(learning.reference))
             : std::string();
}

/// What the loss says of the outcome; empty where nothing is known of it.
std::string learning_text(const Learning& learning) {
  if (!learning.known || learning.steps < 2) return {};
  const std::string steps = count_text(learning.steps, "step");
  const std::string baseline = baseline_text(learning);
  if (learning.at_baseline()) {
    return fmt::format(" The network has not learned: after {} the loss is {}{}.", steps,
                       loss_text(learning.at_last), baseline);
  }
  if (learning.lost) {
    return fmt::format(" After {} the loss is {}, where it was {} at its best (from step {} on){}.",
                       steps, loss_text(learning.at_last), loss_text(learning.best),
                       learning.best_step, baseline);
  }
  const std::string way =
      fmt::format("in {} the loss went from {} to {}{}", steps, loss_text(learning.at_first),
                  loss_text(learning.at_last), baseline);
  if (learning.converged) return fmt::format(" The network has converged: {}.", way);
  if (learning.learns) return fmt::format(" The network learns: {}.", way);
  return " " + capitalised(way) + ".";
}

/// Why nothing can be said of learning.
std::string early_text(const Facts& facts) {
  const Learning& learning = facts.learning;
  if (facts.info.kind == "probe") {
    return " It is a look at the start: whether the network learns, a training shows.";
  }
  const bool few = learning.steps < Learning::kEnoughSteps;
  return learning_text(learning) +
         (few ? fmt::format(" Whether it learns cannot be said yet: that takes {} steps or more.",
                            Learning::kEnoughSteps)
          : learning.has_baseline && learning.flat && learning.gained >= Learning::kLearned
              ? " Whether it learns cannot be said yet: from batch to batch the loss varies by "
                "more "
                "than was gained."
          : !learning.known || learning.has_baseline
              ? " Whether it learns cannot be said yet."
              : " What the best constant answer reaches is not known, so whether it learns cannot "
                "be said.");
}

/// "so it reaches every layer" is said where no measured step loses more than kReachesLog2.
bool reaches_every_layer(const RunView& view) {
  return std::all_of(view.measured().begin(), view.measured().end(), [](const MeasuredStep& step) {
    const DepthFlow& flow = step.flow;
    return !flow.known || step.done || (flow.reaches_first && flow.log2_total >= kReachesLog2);
  });
}

std::string depth_text(const RunView& view, const LayerNames& names) {
  // The first that tells: a network whose output layer starts at zero has none in its first step.
  const auto step = std::find_if(
      view.measured().begin(), view.measured().end(),
      [](const MeasuredStep& one) { return one.flow.known && std::isfinite(one.flow.log2_total); });
  if (step == view.measured().end()) return {};
  const DepthFlow& flow = step->flow;
  return fmt::format(
      " On the way back from {} to {} the gradient keeps {} times its size (step {}){}.",
      names.layer_of(flow.top), names.layer(flow.bottom), size_text(flow.log2_total), step->step,
      !flow.reaches_first         ? "; what it does in the layers before was not recorded"
      : reaches_every_layer(view) ? ", so it reaches every layer"
                                  : "");
}

std::string flow_text(const RunView& view, bool has_notes) {
  const LayerNames names(view.info());
  std::string text = fmt::format(
      "Nothing {} was found in {} ({}), looking for {} kinds of trouble.",
      has_notes ? "that does harm" : "wrong",
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

/// " Showed and did no harm: update_too_large. Overfitting: ..."
std::string notes_text(const Facts& facts) {
  std::string harmless;
  std::string others;
  for (const Finding& finding : facts.findings) {
    if (finding.is_explained()) continue;
    if (finding.did_harm == false) {
      harmless += (harmless.empty() ? "" : ", ") + finding.rule;
    } else {
      others += fmt::format(" {}: {}", disease_name(finding.rule),
                            words_of(facts.info, facts.findings, finding).symptom);
    }
  }
  return (harmless.empty() ? "" : fmt::format(" Showed and did no harm: {}.", harmless)) + others;
}

/// No finding is above a note.
std::string quiet_verdict(const RunView& view, const Facts& facts) {
  const Missing missing = view.missing();
  std::string text;
  if (missing == Missing::nothing) {
    text = flow_text(view, !facts.findings.empty());
    text += outcome_of(view, facts.findings) == Outcome::too_early ? early_text(facts)
                                                                   : learning_text(facts.learning);
  } else {
    text = missing_text(missing);
    if (const std::string loop = words::loop_text(facts.info); !loop.empty()) text += " " + loop;
    text += learning_text(facts.learning);
  }
  return text + accuracy_text(facts) + notes_text(facts);
}

/// The rule's own sentences say how it went.
bool tells_of_learning(const Finding& finding) {
  return finding.rule == "not_learning" || finding.rule == "diverging";
}

/// `advice`: Diagnosis::advice().
std::string sick_verdict(const Facts& facts, const std::string& advice = {}) {
  const Finding& first = facts.findings.front();
  const FindingWords worst = words_of(facts.info, facts.findings, first);
  std::string text = fmt::format(
      "{}: {} {} {}{}{}", disease_name(first.rule), worst.symptom, worst.cause, worst.consequence,
      tells_of_learning(first) ? std::string() : learning_text(facts.learning),
      accuracy_text(facts));
  std::string also;
  for (const Finding& finding : facts.findings.subspan(1)) {
    // What follows from another is told by that one, but for what ends the run (a NaN).
    if (finding.is_explained() && finding.severity != Severity::critical) continue;
    also += also.empty() ? finding.rule : ", " + finding.rule;
  }
  if (!also.empty()) text += fmt::format(" Also found: {}.", also);
  if (!advice.empty()) {
    text += " " + advice;
  } else if (!worst.remedies.empty()) {
    text += fmt::format(" First thing to try: {}.", worst.remedies.front());
  }
  return text;
}

bool is_alarming(std::span<const Finding> findings) {
  return !findings.empty() && findings.front().severity > Severity::note;
}

}  // namespace

std::string verdict(const Diagnosis& diagnosis) {
  const std::vector<Finding>& findings = diagnosis.findings();
  if (!is_alarming(findings)) return verdict(diagnosis.view(), findings);
  return sick_verdict(facts_of(diagnosis.view().info(), diagnosis.view().losses(), findings),
                      diagnosis.advice());
}

std::string verdict(const RunView& view, std::span<const Finding> findings) {
  const Facts facts = facts_of(view.info(), view.losses(), findings);
  return is_alarming(findings) ? sick_verdict(facts) : quiet_verdict(view, facts);
}

std::string verdict(const Run& run, std::span<const Finding> findings) {
  if (!is_alarming(findings)) return verdict(RunView(run), findings);
  LossCurve losses;
  for (const StepRecord& step : run.steps) losses.add(step);
  return sick_verdict(facts_of(run.info, losses, findings));
}

}  // namespace plumb
