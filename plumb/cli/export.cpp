// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <memory>

#include "plumb/cli/command.h"
#include "plumb/core/error.h"
#include "plumb/store/run_file.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Examples:
  plumb export deep.plumb --format csv > deep.csv
  plumb export deep.plumb --format json -o deep.json

CSV has one line for each measured step and site, time-csv one for each time step of a recurrent layer; JSON
has everything. docs/formats.md describes them.)";

struct Options {
  std::string run;
  std::string format = "json";
  std::string output;
};

int run_export(const Options& options) {
  const Run run = load_run(options.run);
  const std::string text = options.format == "csv"        ? export_csv(run)
                           : options.format == "time-csv" ? export_time_csv(run)
                                                          : export_json(run);
  if (options.output.empty()) {
    fmt::print("{}", text);
    return kOk;
  }
  std::ofstream file(options.output, std::ios::binary);
  file << text;
  file.close();
  if (!file) throw StoreError(options.output + ": cannot be written, expected a writable file");
  return kOk;
}

}  // namespace

void add_export(CLI::App& app, int& result) {
  auto* command = app.add_subcommand("export", "Print a recorded run as JSON or CSV");
  auto options = std::make_shared<Options>();
  command->add_option("RUN", options->run, "run file")->required();
  command->add_option("--format", options->format, "json, csv or time-csv")
      ->check(CLI::IsMember({"json", "csv", "time-csv"}))
      ->capture_default_str();
  command->add_option("-o,--output", options->output, "write to this file instead")
      ->type_name("FILE");
  command->add_flag("--json{json}", options->format, "the same as --format json");
  command->footer(kFooter);
  command->callback([options, &result] { result = run_export(*options); });
}

}  // namespace plumb::cli
