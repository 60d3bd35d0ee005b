// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <unordered_set>

#include "plumb/cli/command.h"
#include "plumb/cli/outputs.h"
#include "plumb/cli/read_run.h"
#include "plumb/report/html.h"
#include "plumb/report/report_json.h"
#include "plumb/report/thin.h"
#include "plumb/store/run_file.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Examples:
  plumb report deep.plumb -o report.html
  plumb report sick.plumb healthy.plumb -o compare.html
  plumb report deep.plumb --json

The page is one file and opens without a network.)";

struct Options {
  std::vector<std::string> runs;
  std::string output = "report.html";
  bool json = false;
};

/// The measured steps that the page of this run has room for.
std::unordered_set<std::int64_t> steps_to_show(RunReader& reader) {
  const std::vector<LayerInfo>& layers = reader.info().layers;
  const auto linear = std::count_if(layers.begin(), layers.end(), [](const LayerInfo& layer) {
    return layer.family == LayerFamily::linear;
  });
  const std::vector<std::int64_t> measured = reader.measured_steps();
  std::unordered_set<std::int64_t> shown;
  for (const std::size_t i :
       thin_out(measured.size(), ReportLimits{}.steps_for(static_cast<std::size_t>(linear)))) {
    shown.insert(measured[i]);
  }
  return shown;
}

void check_files(const Options& options) {
  Outputs files;
  for (const std::string& run : options.runs) files.reads("RUN", run);
  if (!options.json) files.writes("-o", options.output, true);
  files.check();
}

int run_report(const Options& options) {
  check_files(options);
  std::vector<std::unique_ptr<RunKeeper>> keepers;
  std::vector<DiagnosedRun> runs;
  for (const std::string& path : options.runs) {
    RunReader reader(path, LoadOptions::without_histograms());
    const std::unordered_set<std::int64_t> shown = steps_to_show(reader);
    keepers.push_back(
        std::make_unique<RunKeeper>([&](std::int64_t step) { return shown.contains(step); }));
    read_into(*keepers.back(), reader);
    tell_of_missing_log(reader, path);
    runs.push_back(keepers.back()->diagnosed());
  }
  if (options.json) {
    fmt::print("{}\n", report_json(runs));
    return kOk;
  }
  if (options.output == "-") {
    write_text(options.output, render_html(runs));
    return kOk;
  }
  write_html(runs, options.output);
  fmt::print("{}\n", options.output);
  return kOk;
}

}  // namespace

void add_report(CLI::App& app, int& result) {
  auto* command =
      app.add_subcommand("report", "Write one HTML page of a run, or of several side by side");
  auto options = std::make_shared<Options>();
  command->add_option("RUN", options->runs, "run files")->required();
  command->add_option("-o,--output", options->output, "the page; - for standard output")
      ->type_name("FILE")
      ->capture_default_str();
  command->add_flag("--json", options->json, "print the data of the page instead");
  command->footer(kFooter);
  command->callback([options, &result] { result = run_report(*options); });
}

}  // namespace plumb::cli
