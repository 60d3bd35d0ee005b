// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "plumb/cli/command.h"
#include "plumb/cli/outputs.h"
#include "plumb/cli/report_runs.h"
#include "plumb/report/html.h"
#include "plumb/report/report_json.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Examples:
  plumb report deep.plumb -o report.html
  plumb report sick.plumb healthy.plumb third.plumb -o compare.html
  plumb report deep.plumb --json

The page is one file and opens without a network.)";

struct Options {
  std::vector<std::string> runs;
  std::string output = "report.html";
  bool json = false;
};

void check_files(const Options& options) {
  Outputs files;
  for (const std::string& run : options.runs) files.reads("RUN", run);
  if (!options.json) files.writes("-o", options.output, true);
  files.check();
}

int run_report(const Options& options) {
  check_files(options);
  const ReportRuns read(options.runs);
  const std::vector<DiagnosedRun>& runs = read.runs();
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
