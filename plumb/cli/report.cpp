// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "plumb/cli/command.h"
#include "plumb/diagnose/rule.h"
#include "plumb/report/html.h"
#include "plumb/report/report_json.h"
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

int run_report(const Options& options) {
  std::vector<Run> runs;
  for (const std::string& path : options.runs) {
    runs.push_back(load_run(path));
    runs.back().findings = diagnose(runs.back());
  }
  if (options.json) {
    fmt::print("{}\n", report_json(runs));
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
  command->add_option("-o,--output", options->output, "the page")
      ->type_name("FILE")
      ->capture_default_str();
  command->add_flag("--json", options->json, "print the data of the page instead");
  command->footer(kFooter);
  command->callback([options, &result] { result = run_report(*options); });
}

}  // namespace plumb::cli
