// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/sweep.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "plumb/cli/command.h"
#include "plumb/cli/config_options.h"
#include "plumb/cli/interrupt.h"
#include "plumb/cli/many_trainings.h"
#include "plumb/cli/outputs.h"
#include "plumb/cli/tty.h"
#include "plumb/core/error.h"
#include "plumb/cure/far_training.h"
#include "plumb/cure/sweep_map.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Examples:
  plumb sweep "flatten > {depth} x [dense 32 > tanh] > dense 10" --axis depth=2,8,32 --axis gain=0.8:1.6:0.2
  plumb sweep "flatten > 4 x [dense {width} > relu] > dense 10" --axis width=8:64:x2 --axis lr=0.01,0.1 -o table.csv
  plumb sweep --config grid.toml --seeds 3 --jobs 2 --log grid.jsonl

An axis is a setting (lr, init, steps) or a word in braces in the network or the data. In a file, axes stand in one
line: axis = "depth=2,8,32; lr=0.01,0.1". The result is the same for any number of jobs, and of ranks (mpirun -n 2
plumb sweep ...). Ctrl-C ends it with what is finished; with --log, the same command goes on there.)";

struct Options {
  ConfigOptions config;
  std::vector<std::string> axes;
  SweepOptions sweep;
  ManyTrainings many;
  std::string output, page;
  CLI::Option* output_option = nullptr;
  CLI::Option* page_option = nullptr;
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

/// What this rank is asked for, until nothing more is.
int work_for_others(Ranks& ranks) {
  std::map<std::string, std::unique_ptr<CureData>> loaded;
  const auto data_of = [&](const TrainConfig& config) -> const CureSplit& {
    std::unique_ptr<CureData>& data = loaded[data_key(config)];
    if (!data) data = std::make_unique<CureData>(config);
    return data->given();
  };
  ranks.serve([&](const std::string& task) { return answer_training(task, data_of); });
  return kOk;
}

int run_sweep(Options& options) {
  Ranks ranks;
  if (!ranks.is_first()) return work_for_others(ranks);
  options.config.read_file();
  const TrainConfig base = options.config.resolve();
  const std::vector<SweepAxis> axes = axes_of(options.axes);
  Outputs files;
  files.reads("--config", options.config.file());
  files.reads_data(base.data);
  files.reads("--weights", base.weights);
  if (options.output_option->count() > 0) files.writes("-o", options.output);
  if (options.page_option->count() > 0) {
    files.writes("--page", options.page);
    if (axes.size() < 2) throw SpecError("--page: one axis, expected two or more: a map has two");
  }
  options.many.check(files);
  files.check();
  std::optional<TrainingLog> log;
  if (!options.many.log().empty()) options.sweep.log = &log.emplace(options.many.log());
  options.sweep.sink = options.many.sink();
  options.sweep.jobs = options.many.jobs() + ranks.others();
  options.sweep.elsewhere = trainings_on(ranks);
  catch_interrupts();
  options.sweep.keep_going = [] { return !interrupted(); };
  if (!options.quiet && stderr_is_terminal()) options.sweep.progress = print_progress;
  const std::vector<SweepPoint> points = sweep(base, axes, options.sweep);
  if (!options.output.empty()) {
    const bool is_json = std::filesystem::path(options.output).extension() == ".json";
    write_text(options.output, is_json ? sweep_json(axes, points) + "\n" : sweep_csv(axes, points));
  }
  if (!options.page.empty()) write_text(options.page, sweep_map(base, axes, points));
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
  options->output_option =
      command
          ->add_option(
              "-o,--output", options->output,
              "write a line for each training as CSV, or JSON where the name ends in .json")
          ->type_name("FILE");
  options->page_option =
      command
          ->add_option("--page", options->page,
                       "write a page with a map of the first two axes, and what theory says of it")
          ->type_name("FILE");
  options->many.add_to(*command, "trainings");
  options->many.add_runs_to(*command);
  command->add_flag("--json", options->json, "print everything as JSON");
  command->add_flag("-q,--quiet", options->quiet, "say nothing on the way");
  command->footer(kFooter);
  command->callback([options, &result] { result = run_sweep(*options); });
}

}  // namespace plumb::cli
