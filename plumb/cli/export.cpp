// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "plumb/cli/command.h"
#include "plumb/cli/outputs.h"
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
  CLI::Option* output_option = nullptr;
};

int run_export(const Options& options) {
  Outputs files;
  files.reads("RUN", options.run);
  if (options.output_option->count() > 0) files.writes("-o", options.output, true);
  files.check();
  const Run run = load_run(options.run);
  const std::string text = options.format == "csv"        ? export_csv(run)
                           : options.format == "time-csv" ? export_time_csv(run)
                                                          : export_json(run);
  write_text(options.output, text);
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
  options->output_option =
      command->add_option("-o,--output", options->output, "write to this file instead")
          ->type_name("FILE");
  command->add_flag("--json{json}", options->format, "the same as --format json");
  command->footer(kFooter);
  command->callback([options, &result] { result = run_export(*options); });
}

}  // namespace plumb::cli
