// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "plumb/cli/command.h"
#include "plumb/core/error.h"
#include "plumb/store/run_file.h"
#include "plumb/train/checkpoint.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Example:
  plumb config deep.plumb > deep.toml
  plumb train --config deep.toml --seed 7)";

int print_config(const std::string& path) {
  if (!is_run_file(path)) {
    if (const auto toml = checkpoint_settings(path)) {
      fmt::print("{}", *toml);
      return kOk;
    }
    throw DataError(path + ": a file of weights has no settings, expected a run or a checkpoint");
  }
  const RunReader reader(path, LoadOptions::metrics());
  if (reader.info().settings.empty()) {
    throw DataError(path + ": the run has no settings, expected one that 'plumb train' wrote");
  }
  fmt::print("{}", to_toml(reader.info().settings));
  return kOk;
}

}  // namespace

void add_config(CLI::App& app, int& result) {
  auto* command = app.add_subcommand(
      "config", "Print the TOML file that makes a recorded run, or a checkpoint, again");
  auto path = std::make_shared<std::string>();
  command->add_option("RUN", *path, "run file or checkpoint")->required();
  command->footer(kFooter);
  command->callback([path, &result] { result = print_config(*path); });
}

}  // namespace plumb::cli
