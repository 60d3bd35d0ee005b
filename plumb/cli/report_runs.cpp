// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/report_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <unordered_set>
#include <utility>

#include "plumb/cli/command.h"
#include "plumb/cli/read_run.h"
#include "plumb/cure/advice.h"
#include "plumb/cure/advice_words.h"
#include "plumb/report/spectrum_steps.h"
#include "plumb/report/thin.h"
#include "plumb/store/run_file.h"

namespace plumb::cli {

namespace {

/// The measured steps that the page of this run has room for.
std::unordered_set<std::int64_t> steps_to_show(const RunInfo& info,
                                               const std::vector<std::int64_t>& measured) {
  const auto linear = std::count_if(info.layers.begin(), info.layers.end(), [](const auto& layer) {
    return layer.family == LayerFamily::linear;
  });
  std::unordered_set<std::int64_t> shown;
  for (const std::size_t i :
       thin_out(measured.size(), ReportLimits{}.steps_for(static_cast<std::size_t>(linear)))) {
    shown.insert(measured[i]);
  }
  return shown;
}

std::vector<StepRecord> with_histograms(RunReader& reader,
                                        const std::vector<std::int64_t>& measured,
                                        const std::vector<Finding>& findings) {
  std::vector<StepRecord> records;
  for (const std::int64_t number : spectrum_steps(measured, findings, ReportLimits{}.spectra)) {
    StepRecord record;
    if (reader.read(number, record)) records.push_back(std::move(record));
  }
  return records;
}

/// What fits the findings, as commands; none for a run that plumb's own trainer did not make.
std::vector<RemedyCommand> commands_for(const RunInfo& info, const Diagnosis& diagnosis) {
  std::vector<RemedyCommand> commands;
  const std::optional<TrainConfig> config = config_of(info);
  if (!config || is_well(diagnosis.outcome())) return commands;
  for (const CheckedChange& change : predict_advice(*config, diagnosis.findings()).changes) {
    std::string text;
    for (const SettingChange& one : change.changes) {
      text += (text.empty() ? "" : ", ") +
              (one.key == "network" ? "network " + one.after : change_text(one));
    }
    commands.push_back({std::move(text), train_command(change.config)});
  }
  return commands;
}

}  // namespace

ReportRuns::ReportRuns(const std::vector<std::string>& paths, Detail detail) {
  if (paths.size() > kMostRuns) {
    throw CommandLineError(
        fmt::format("RUN: {} runs were given, expected at most {}", paths.size(), kMostRuns));
  }
  for (const std::string& path : paths) read(path, detail);
  // Files of one name are told apart by their folders.
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    const auto same = [&](const std::string& path) {
      return std::filesystem::path(path).filename() == std::filesystem::path(paths[i]).filename();
    };
    if (std::count_if(paths.begin(), paths.end(), same) > 1) runs_[i].file = paths[i];
  }
}

void ReportRuns::read(const std::string& path, Detail detail) {
  RunReader reader(path, LoadOptions::without_histograms());
  const std::vector<std::int64_t> measured = reader.measured_steps();
  keepers_.push_back(
      std::make_unique<RunKeeper>([shown = steps_to_show(reader.info(), measured)](
                                      std::int64_t step) { return shown.contains(step); }));
  RunKeeper& keeper = *keepers_.back();
  read_into(keeper, reader);
  tell_of_missing_log(reader, path);
  DiagnosedRun run = keeper.diagnosed();
  run.file = std::filesystem::path(path).filename().string();
  if (detail == Detail::spectra) {
    run.spectra = with_histograms(reader, measured, keeper.diagnosis().findings());
    run.commands = commands_for(keeper.run().info, keeper.diagnosis());
  }
  runs_.push_back(std::move(run));
}

}  // namespace plumb::cli
