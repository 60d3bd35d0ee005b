// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/advice_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plumb/diagnose/words/finding_words.h"
#include "plumb/diagnose/words/sizes.h"

namespace plumb {

namespace {

std::string loss_text(double loss) {
  return std::isfinite(loss) ? fmt::format("{:.3g}", loss) : std::string("diverges");
}

std::string result_text(const std::optional<double>& loss, const std::optional<double>& accuracy) {
  if (!loss) return {};
  std::string text = "loss " + loss_text(*loss);
  if (accuracy) text += fmt::format(", {} right", percent_text(*accuracy));
  return text;
}

std::string reach_text(const Advice& advice, const CheckedChange& change) {
  if (!change.log2_reach || !advice.log2_reach) return {};
  constexpr double kSame = 0.5;
  if (std::abs(*change.log2_reach - *advice.log2_reach) < kSame) return {};
  return fmt::format(
      "at the start the first layer gets {} of the gradient of the last (before: {})",
      size_text(*change.log2_reach), size_text(*advice.log2_reach));
}

std::string changes_text(const CheckedChange& change) {
  std::string text;
  for (const SettingChange& one : change.changes) {
    if (!text.empty()) text += ", ";
    text += change_text(one);
  }
  return text;
}

std::string why_text(const CheckedChange& change) {
  switch (change.check) {
    case AdviceCheck::no_op: return "is in force already";
    case AdviceCheck::trips_rule: return "would bring " + change.why;
    case AdviceCheck::keeps_fault: return "leaves " + change.why + " as it is";
    case AdviceCheck::impossible: return "does not apply (" + change.why + ")";
    default: return {};
  }
}

/// Whether a remedy of the findings was trained, and did not do.
bool has_named_failure(const Advice& advice) {
  return std::any_of(advice.changes.begin(), advice.changes.end(), [](const CheckedChange& change) {
    return change.prescription.remedy && change.check == AdviceCheck::no_effect;
  });
}

}  // namespace

std::string change_text(const SettingChange& change) {
  if (change.key == "network") return change.after;
  const auto shown = [](const std::string& value) { return value.empty() ? "none" : value; };
  return fmt::format("--{} {} (was {})", change.key, shown(change.after), shown(change.before));
}

std::vector<std::string> advice_lines(const Advice& advice, const std::string& because, int most) {
  std::vector<std::string> lines;
  const bool trained = advice.steps > 0;
  const CheckedChange* const first = advice.first();
  if (first == nullptr && !trained) {
    std::string reasons;
    for (const CheckedChange& change : advice.dropped) {
      if (!change.prescription.finding) continue;
      if (!reasons.empty()) reasons += "; ";
      reasons += fmt::format("{} {}", change.prescription.rewrite->id, why_text(change));
    }
    if (!reasons.empty()) lines.push_back("Advice: no change passed its check: " + reasons + ".");
    return lines;
  }
  if (first == nullptr) {
    lines.push_back(fmt::format(
        "Advice: none of {} that were tried{} is shown to help within {} steps ({} as it is).",
        count_text(static_cast<long long>(advice.changes.size()), "change"),
        has_named_failure(advice) ? ", what is named above among them," : "", advice.steps,
        result_text(advice.loss, advice.accuracy)));
    return lines;
  }
  std::string head = trained ? fmt::format(
                                   "Advice, checked over {} steps from the same start ({} "
                                   "as it is):",
                                   advice.steps, result_text(advice.loss, advice.accuracy))
                             : std::string("Advice, predicted, not checked");
  if (!trained) head += because.empty() ? ":" : " (" + because + "):";
  lines.push_back(head);
  int shown = 0;
  for (const CheckedChange& change : advice.changes) {
    if (!change.is_advisable() || shown == most) continue;
    ++shown;
    std::string line =
        fmt::format("  {}. {}: {}", shown, change.prescription.rewrite->id, changes_text(change));
    const std::string result = result_text(change.loss, change.accuracy);
    if (!result.empty()) line += "; " + result;
    const std::string reach = reach_text(advice, change);
    if (!reach.empty()) line += "; " + reach;
    lines.push_back(line);
    lines.push_back("     " + train_command(change.config));
  }
  std::string dropped;
  for (const CheckedChange& change : advice.dropped) {
    if (!change.prescription.finding || change.check == AdviceCheck::impossible) continue;
    if (!dropped.empty()) dropped += "; ";
    dropped += fmt::format("{} {}", change.prescription.rewrite->id, why_text(change));
  }
  if (!dropped.empty()) lines.push_back("  Not advised: " + dropped + ".");
  return lines;
}

std::string first_advice(const RunInfo& info, const std::vector<Finding>& findings,
                         const Advice& advice) {
  if (findings.empty() || findings.front().remedies.empty()) return {};
  const Finding& worst = findings.front();
  if (const CheckedChange* const first = advice.first()) {
    if (first->prescription.finding == worst.id && first->prescription.remedy) return {};
    return fmt::format("First thing to try: {}.", changes_text(*first));
  }
  if (advice.steps == 0 || prescriptions_of(worst.remedies.front()).empty()) return {};
  return fmt::format(
      "First thing to try: {}; within {} steps neither that nor any other of {} "
      "helped.",
      words_of(info, findings, worst).remedies.front(), advice.steps,
      count_text(static_cast<long long>(advice.changes.size()), "change"));
}

}  // namespace plumb
