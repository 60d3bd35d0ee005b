// SPDX-License-Identifier: Apache-2.0
#include "plumb/serve/run_row.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "plumb/diagnose/words/finding_words.h"
#include "plumb/diagnose/words/layer_names.h"

namespace plumb::serve {

namespace {

Standing standing_of(const LiveRun& run, const FileStatus& status) {
  if (run.end()) return Standing::ended;
  switch (pulse_of(status)) {
    case Pulse::running: return Standing::running;
    case Pulse::stalled: return Standing::stalled;
    case Pulse::cut_off: break;
  }
  return Standing::cut_off;
}

/// At most kReachPoints of them, evenly, the last among them.
std::vector<double> history(const ThinSeries& series) {
  const auto points = series.points();
  std::vector<double> values;
  const std::size_t every = (points.size() + RunRow::kReachPoints - 1) / RunRow::kReachPoints;
  for (std::size_t i = points.size(); i > 0; i -= std::min(i, every))
    values.push_back(points[i - 1].value);
  std::reverse(values.begin(), values.end());
  return values;
}

/// Of a run that has ended what its verdict names, the mean of the last steps; else that of the
/// last step.
double loss_of(const LiveRun& run) {
  const Learning learning = run.diagnosis().view().learning();
  const bool names_it = run.end() && run.info().kind != "probe" && std::isfinite(learning.at_last);
  return names_it ? learning.at_last : run.last().loss;
}

}  // namespace

std::string headline(const RunInfo& info, const Finding& finding) {
  return disease_name(finding.rule) + " at " + LayerNames(info).where(finding.place);
}

RunRow row_of(const LiveRun& run, const std::string& name, const FileStatus& status) {
  const RunInfo& info = run.info();
  RunRow row;
  row.name = name;
  row.path = run.path();
  row.network = info.title();
  row.kind = info.kind;
  row.settings = settings_of(info);
  row.standing = standing_of(run, status);
  if (run.end()) row.end_reason = run.end()->reason;
  row.step = run.steps() > 0 ? run.last().step + (info.kind == "probe" ? 0 : 1) : 0;
  row.planned_steps = info.planned_steps;
  if (run.steps() > 0) {
    row.loss = loss_of(run);
    row.accuracy = run.last().accuracy;
  }
  if (info.baseline) row.baseline_loss = info.baseline->loss;
  if (!run.reach().empty()) row.log2_reach = run.reach().last().value;
  row.reach_history = history(run.reach());
  row.steps_per_s = run.steps_per_s();
  row.seconds_left = row.standing == Standing::running ? run.seconds_left() : RunRow::kNone;
  row.age_s = status.age_s;
  row.nonfinite = run.saw_nonfinite();
  row.outcome = to_string(run.outcome());
  if (!run.findings().empty()) {
    const Finding& worst = run.findings().front();
    row.severity = to_string(worst.severity);
    row.finding = headline(info, worst);
  }
  return row;
}

RunRow broken_row(const std::string& path, const std::string& name, const std::string& problem) {
  RunRow row;
  row.name = name;
  row.path = path;
  row.problem = problem;
  row.standing = Standing::cut_off;
  return row;
}

std::string verdict_words(const RunRow& row) {
  if (!row.problem.empty()) return "not read: " + row.problem;
  if (row.severity == "critical" || row.severity == "warning") return row.finding;
  std::string words = row.outcome;
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

std::vector<std::string> differences(const std::vector<RunRow>& rows) {
  constexpr std::array<std::string_view, 8> kNoChoice{"network",     "threads",        "output",
                                                      "checkpoint",  "resume",         "loop",
                                                      "loop_faults", "first_nonfinite"};
  std::vector<RunSettings> settings;
  std::vector<std::size_t> places;  // of the rows that can be read
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].problem.empty()) continue;
    settings.push_back(rows[i].settings);
    places.push_back(i);
  }
  std::vector<std::string> texts(rows.size());
  for (const SettingDifference& one : setting_differences(settings)) {
    if (std::find(kNoChoice.begin(), kNoChoice.end(), one.name) != kNoChoice.end()) continue;
    for (std::size_t k = 0; k < places.size(); ++k) {
      if (!one.values[k]) continue;
      std::string& text = texts[places[k]];
      text +=
          fmt::format("{}{}={}", text.empty() ? "" : " ", one.name, setting_text(one.values[k]));
    }
  }
  return texts;
}

std::string duration_words(double seconds) {
  if (!std::isfinite(seconds)) return "-";
  constexpr double kMinute = 60, kHour = 3600, kDay = 86400;
  if (seconds < 2 * kMinute) return fmt::format("{:.0f} s", std::max(0.0, seconds));
  if (seconds < 2 * kHour) return fmt::format("{:.0f} min", seconds / kMinute);
  if (seconds < 2 * kDay) return fmt::format("{:.0f} h", seconds / kHour);
  return fmt::format("{:.0f} days", seconds / kDay);
}

}  // namespace plumb::serve
