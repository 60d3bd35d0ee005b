// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/cure_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "plumb/cure/advice_words.h"
#include "plumb/cure/proof_arms.h"
#include "plumb/diagnose/words/finding_words.h"
#include "plumb/diagnose/words/sizes.h"
#include "plumb/report/number_text.h"

namespace plumb {

namespace {

/// Of a dry run, which has nothing else to show.
constexpr int kMostPredicted = 8;

bool is_accuracy(const CureReport& report) { return report.constant_score > 0; }

std::string score_text(const CureReport& report, double score) {
  return is_accuracy(report) ? fmt::format("{:.1f} %", 100 * score) : fmt::format("{:.3f}", score);
}

std::string scores_text(const CureReport& report, const Arm& arm) {
  std::string text;
  for (const ArmTraining& training : arm.trainings) {
    if (!text.empty()) text += ", ";
    text += !training.finished  ? "not finished"
            : training.diverged ? "diverged"
                                : score_text(report, training.score);
  }
  return text;
}

std::string difference_text(const CureReport& report, const PairedDifference& d) {
  if (d.pairs < 2) return "not measured";
  const double unit = is_accuracy(report) ? 100 : 1;
  return fmt::format("{:+.3g} [{:+.3g}, {:+.3g}]{}, p = {}", unit * d.mean, unit * d.low,
                     unit * d.high, is_accuracy(report) ? " points" : "", format_digits(d.p, 2));
}

std::string found_text(const Arm& arm) {
  std::set<std::string> rules;
  for (const ArmTraining& training : arm.trainings) {
    for (const Finding& finding : training.findings) {
      if (finding.severity >= Severity::warning && !finding.is_explained())
        rules.insert(finding.rule);
    }
  }
  std::string text;
  for (const std::string& rule : rules) text += text.empty() ? rule : ", " + rule;
  return text.empty() ? "no rule finds anything" : text;
}

/// The first finding of the untreated training that is no mere note, in words: what, and why.
std::string wrong_text(const CureReport& report) {
  for (const Finding& finding : report.findings) {
    if (finding.severity < Severity::warning || finding.is_explained()) continue;
    const FindingWords words = words_of(report.info, report.findings, finding);
    std::string text = fmt::format("{}: {}", disease_name(finding.rule), words.symptom);
    if (!words.cause.empty()) text += " " + words.cause;
    return text;
  }
  return {};
}

std::string candidate_text(const CureReport& report, const CureCandidate& one) {
  std::string text;
  for (const SettingChange& change : one.change.changes) {
    if (!text.empty()) text += ", ";
    text += change_text(change);
  }
  if (one.change.log2_reach) {
    text += fmt::format("; predicted: the first layer gets {} of the gradient",
                        size_text(*one.change.log2_reach));
  }
  return text + "; " + scores_text(report, one.screen);
}

std::string more_text(const CureCandidate& one) {
  std::string text;
  for (const RewriteEntry* const more : one.more) {
    text += more->id == "set_rate" ? " with a measured rate" : fmt::format(" and {}", more->id);
  }
  return text;
}

std::string not_proven_text(const CureReport& report) {
  const PairedDifference& effect = report.over_untreated;
  const std::string gain = is_accuracy(report) ? fmt::format("{:.3g} points", 100 * effect.mean)
                                               : fmt::format("{:.3g}", effect.mean);
  const std::string begin =
      fmt::format("Not proven: {} better in the mean of {}, but the interval reaches to 0 or below",
                  gain, count_text(effect.pairs, "seed"));
  const std::optional<int> needed = pairs_needed(effect, kMostProofSeeds);
  if (!needed) return begin + fmt::format("; {} would not do either.", kMostProofSeeds);
  return begin +
         fmt::format("; with the same spread {} would do (--proof-seeds {}).", *needed, *needed);
}

void add_proof(const CureReport& report, std::vector<std::string>& lines) {
  const auto row = [&](const char* name, const Arm& arm, const PairedDifference* difference) {
    if (arm.trainings.empty()) return;
    lines.push_back(fmt::format(
        "  {:<16} {}{}", name, scores_text(report, arm),
        difference == nullptr ? std::string()
                              : "; cured less this: " + difference_text(report, *difference)));
  };
  lines.push_back({});
  lines.push_back(fmt::format(
      "Proof: {} fresh seeds, the same data, order and steps for every arm; {}. Mean paired "
      "difference with the 95 % interval of Student's t, p of the exact sign-flip test.",
      report.proof_cured.trainings.size(),
      is_accuracy(report) ? "accuracy" : "1 - loss / loss of the constant answer"));
  row("untreated", report.proof_untreated, &report.over_untreated);
  row("cured", report.proof_cured, nullptr);
  row("random rewrite", report.proof_random, &report.over_random);
  row("rate alone", report.proof_rate, &report.over_rate);
  if (!report.proof_rate.trainings.empty()) {
    lines.push_back(fmt::format("  The rate alone was {:.2g}, measured.",
                                report.proof_rate.config.learning_rate));
  }
}

std::string not_sick_text(const CureReport& report) {
  if (!report.untreated.trainings.empty() || report.is_known) {
    return "It was not sick; nothing is changed.";
  }
  return "It was not sick, as far as a probe at the start tells; nothing is changed. Whether it "
         "learns, only a training tells.";
}

}  // namespace

std::string ending_text(const CureReport& report) {
  switch (report.ending) {
    case CureEnding::cured: return "Cured.";
    case CureEnding::better:
      return report.left_findings ? "Better, not cured: a critical finding is left."
                                  : "Better, not cured.";
    case CureEnding::any_rate:
      return fmt::format("Any change of rate does as well: --lr {:.2g} alone.",
                         report.proof_rate.config.learning_rate);
    case CureEnding::not_proven: return not_proven_text(report);
    case CureEnding::not_found:
      return report.candidates.empty()
                 ? std::string("No cure found: of the changes that are allowed none applies.")
                 : fmt::format(
                       "No cure found: none of {} that were tried is one.",
                       count_text(static_cast<long long>(report.candidates.size()), "change"));
    case CureEnding::not_sick: return not_sick_text(report);
    case CureEnding::inconclusive:
      return "Inconclusive: the untreated training fails with some seeds and not with others.";
    case CureEnding::predicted: return "Predicted, nothing was trained.";
    case CureEnding::interrupted: return "Interrupted; what is shown was finished.";
  }
  return {};
}

std::vector<std::string> cure_lines(const CureReport& report) {
  std::vector<std::string> lines{ending_text(report), {}};
  if (!report.untreated.trainings.empty()) {
    lines.push_back(
        fmt::format("Untreated, {} seeds: {} ({} is what the constant answer has); {}.",
                    report.untreated.trainings.size(), scores_text(report, report.untreated),
                    score_text(report, report.constant_score), found_text(report.untreated)));
  }
  if (const std::string wrong = wrong_text(report); !wrong.empty()) {
    lines.insert(lines.end(), {wrong, {}});
  }
  if (report.ending == CureEnding::predicted) {
    for (const std::string& line : advice_lines(report.search, {}, kMostPredicted)) {
      lines.push_back(line);
    }
    return lines;
  }
  for (std::size_t i = 0; i < report.candidates.size(); ++i) {
    const CureCandidate& one = report.candidates[i];
    lines.push_back(fmt::format("{}{}. {}{}: {}", report.winner == i ? "> " : "  ", i + 1,
                                one.change.prescription.rewrite->id, more_text(one),
                                candidate_text(report, one)));
  }
  if (!report.proof_cured.trainings.empty()) add_proof(report, lines);
  const bool has_cure = report.ending == CureEnding::cured || report.ending == CureEnding::better;
  if (report.winner && has_cure) {
    lines.push_back({});
    lines.push_back("What changes:");
    for (const SettingChange& change : report.candidates[*report.winner].change.changes) {
      lines.push_back(fmt::format("  - {} = {}", change.key, change.before));
      lines.push_back(fmt::format("  + {} = {}", change.key, change.after));
    }
    lines.push_back({});
    lines.push_back("     " + train_command(report.cured_config()));
  }
  if (report.winner && report.ending == CureEnding::interrupted) {
    lines.push_back({});
    lines.push_back("The best so far, not proven:");
    lines.push_back("     " + train_command(report.candidates[*report.winner].change.config));
  }
  lines.push_back(fmt::format("{} were made.", count_text(report.trainings, "training")));
  return lines;
}

}  // namespace plumb
