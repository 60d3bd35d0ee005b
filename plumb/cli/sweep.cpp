// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/sweep.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "plumb/cli/command.h"
#include "plumb/cli/config_options.h"
#include "plumb/cli/interrupt.h"
#include "plumb/cli/outputs.h"
#include "plumb/cli/terminal.h"
#include "plumb/core/error.h"
#include "plumb/store/run_file.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Examples:
  plumb sweep "flatten > {depth} x [dense 32 > tanh] > dense 10" --axis depth=2,8,32 --axis gain=0.8:1.6:0.2
  plumb sweep "flatten > 4 x [dense {width} > relu] > dense 10" --axis width=8:64:x2 --axis lr=0.01,0.1 -o table.csv
  plumb sweep --config grid.toml --seeds 3 --jobs 2 --log grid.jsonl

An axis is a setting (lr, init, steps) or a word in braces in the network or the data. In a file, axes stand in one
line: axis = "depth=2,8,32; lr=0.01,0.1". The result is the same for any number of jobs. Ctrl-C ends it with what
is finished; with --log, the same command goes on there.)";

struct Options {
  ConfigOptions config;
  std::vector<std::string> axes;
  SweepOptions sweep;
  std::string output, log, runs;
  CLI::Option* output_option = nullptr;
  CLI::Option* log_option = nullptr;
  CLI::Option* runs_option = nullptr;
  bool force = false;
  bool json = false;
  bool quiet = false;
};

std::vector<SweepAxis> axes_of(const std::vector<std::string>& texts) {
  std::vector<SweepAxis> axes;
  for (const std::string& text : texts) {
    const std::size_t begin = text.find_first_not_of(' ');
    if (begin == std::string::npos) continue;
    axes.push_back(parse_sweep_axis(text.substr(begin, text.find_last_not_of(' ') - begin + 1)));
  }
  if (axes.empty()) throw CLI::RequiredError("--axis");
  return axes;
}

void print_progress(std::size_t done, std::size_t all) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  fmt::print(stderr, "\r{} of {} trainings{}", done, all, done == all ? "\n" : "");
  std::fflush(stderr);
}

int run_sweep(Options& options) {
  options.config.read_file();
  const TrainConfig base = options.config.resolve();
  const std::vector<SweepAxis> axes = axes_of(options.axes);
  Outputs files;
  files.reads("--config", options.config.file());
  files.reads_data(base.data);
  files.reads("--weights", base.weights);
  if (options.output_option->count() > 0) files.writes("-o", options.output);
  if (options.log_option->count() > 0) files.writes("--log", options.log);
  if (options.runs_option->count() > 0) files.writes_runs("--runs", options.runs, options.force);
  files.check();
  std::optional<TrainingLog> log;
  if (!options.log.empty()) options.sweep.log = &log.emplace(options.log);
  if (!options.runs.empty()) {
    std::error_code error;
    std::filesystem::create_directories(options.runs, error);
    if (error) throw StoreError(options.runs + ": cannot be made: " + error.message());
    options.sweep.sink = [&](const std::string& point, std::uint64_t seed) {
      const std::string name = fmt::format("{}-seed-{}.plumb", point, seed);
      return std::make_unique<RunWriter>((std::filesystem::path(options.runs) / name).string());
    };
  }
  catch_interrupts();
  options.sweep.keep_going = [] { return !interrupted(); };
  if (!options.quiet && stderr_is_terminal()) options.sweep.progress = print_progress;
  const std::vector<SweepPoint> points = sweep(base, axes, options.sweep);
  if (!options.output.empty()) {
    const bool is_json = std::filesystem::path(options.output).extension() == ".json";
    write_text(options.output, is_json ? sweep_json(axes, points) + "\n" : sweep_csv(axes, points));
  }
  if (options.json) {
    fmt::print("{}\n", sweep_json(axes, points));
  } else {
    for (const std::string& line : sweep_lines(axes, points)) fmt::print("{}\n", line);
  }
  return interrupted() ? kInterrupted : kOk;
}

}  // namespace

void add_sweep(CLI::App& app, int& result) {
  auto* command = app.add_subcommand(
      "sweep", "Train all combinations of some settings or numbers in the network");
  auto options = std::make_shared<Options>();
  options->config.add_to(*command);
  command
      ->add_option("--axis", options->axes,
                   "what is varied: NAME=VALUE,VALUE or NAME=FIRST:LAST:STEP (:xFACTOR)")
      ->delimiter(';')
      ->allow_extra_args(false)
      ->type_name("AXIS");
  command->add_option("--seeds", options->sweep.seeds, "trainings of each combination")
      ->type_name("COUNT")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  command->add_option("--jobs", options->sweep.jobs, "trainings side by side")
      ->type_name("COUNT")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  options->output_option =
      command
          ->add_option(
              "-o,--output", options->output,
              "write a line for each training as CSV, or JSON where the name ends in .json")
          ->type_name("FILE");
  options->log_option =
      command
          ->add_option("--log", options->log,
                       "keep the result of each training in this file, and go on with those in it")
          ->type_name("FILE");
  options->runs_option =
      command->add_option("--runs", options->runs, "record every training in this folder")
          ->type_name("FOLDER");
  command->add_flag("--force", options->force, "replace the runs that are in that folder");
  command->add_flag("--json", options->json, "print everything as JSON");
  command->add_flag("-q,--quiet", options->quiet, "say nothing on the way");
  command->footer(kFooter);
  command->callback([options, &result] { result = run_sweep(*options); });
}

}  // namespace plumb::cli
