// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "plumb/zoo/score.h"

namespace plumb::zoo {

namespace {

constexpr std::array kFamilies{Family::flow,   Family::signal, Family::trainer, Family::data,
                               Family::output, Family::norm,   Family::time};

std::string cell(const Count& count) {
  return count.of == 0 ? "-" : fmt::format("{}/{}", count.right, count.of);
}

std::string tally_line(std::string_view name, const Tally& tally) {
  return fmt::format("{:<10}{:>9}{:>9}{:>9}{:>9}{:>14}{:>12}\n", name, cell(tally.class_right),
                     cell(tally.place_right), cell(tally.cause_right), cell(tally.missed),
                     cell(tally.false_alarms), cell(tally.healthy_at_baseline));
}

std::string table(const Score& score, bool at_start) {
  std::string text =
      fmt::format("{:<10}{:>9}{:>9}{:>9}{:>9}{:>14}{:>12}\n", at_start ? "start" : "end", "class",
                  "place", "cause", "missed", "false alarms", "healthy*");
  for (const Family family : kFamilies) {
    text += tally_line(to_string(family), score.tally(at_start, family));
  }
  return text + tally_line("all", score.tally(at_start));
}

std::string said(const Said* said) {
  if (said == nullptr) return "nothing";
  return fmt::format("{} ({}{})", said->rule, said->cause,
                     said->depth > 0 ? fmt::format(", layer {}", said->depth) : "");
}

std::string detail(const Trial& trial, bool at_start) {
  const Answer& answer = at_start ? trial.at_start : trial.at_end;
  const Judgement judgement = judge(trial, answer);
  const char* const when = at_start ? "start" : "end";
  const std::string name =
      fmt::format("{}{} --seed {}", trial.kind->name, trial.is_twin ? " --twin" : "", trial.seed);
  if (trial.is_healthy()) {
    if (!judgement.alarmed) return "";
    return fmt::format("{:<40}{:<6}false alarm: {}; gained {:.2f}\n", name, when,
                       said(answer.first_alarm()), trial.gained());
  }
  if (at_start && !trial.kind->truth.at_start) return "";
  const bool place = trial.bad_depth == 0 || judgement.place_right;
  if (judgement.class_right && judgement.cause_right && place) return "";
  const std::string wrong = !judgement.class_right   ? "class"
                            : !judgement.cause_right ? "cause"
                                                     : "place";
  const Truth& truth = trial.kind->truth;
  return fmt::format("{:<40}{:<6}{}: said {}; is {} ({}{}); gained {:.2f}\n", name, when, wrong,
                     said(answer.first_alarm()), truth.rules.front(), truth.causes.front(),
                     trial.bad_depth > 0 ? fmt::format(", layer {}", trial.bad_depth) : "",
                     trial.gained());
}

std::string peer_table(const Score& score) {
  constexpr int kName = 20;
  std::string text = fmt::format("{:<{}}{:>12}{:>12}{:>12}{:>12}{:>12}{:>12}\n", "rules of others",
                                 kName, "start", "alarms", "end", "alone", "missed", "alarms");
  for (std::size_t i = 0; i < peers().size(); ++i) {
    const PeerTally start = score.peer_tally(i, true), end = score.peer_tally(i, false);
    text += fmt::format("{:<{}}{:>12}{:>12}{:>12}{:>12}{:>12}{:>12}\n", peers()[i].name, kName,
                        cell(start.class_right), cell(start.false_alarms), cell(end.class_right),
                        cell(end.alone), cell(end.missed), cell(end.false_alarms));
  }
  return text;
}

}  // namespace

std::string score_text(const Score& score, bool details) {
  const ScoreOptions& options = score.options;
  std::string text =
      fmt::format("{}, {} seeds, {} trainings\n\n",
                  options.half ? fmt::format("{} half", to_string(*options.half)) : "both halves",
                  options.seeds, score.trials.size());
  text += table(score, true) + "\n" + table(score, false);
  text +=
      "\nRight / all. class, place, cause: of the first warning or worse; missed: no warning at "
      "all; "
      "healthy*: said of\nruns that learned nothing.\n";
  if (options.peers) text += "\n" + peer_table(score);
  if (!details) return text;
  text += "\n";
  for (const Trial& trial : score.trials) text += detail(trial, true) + detail(trial, false);
  return text;
}

}  // namespace plumb::zoo
