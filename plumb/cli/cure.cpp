// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/cure.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "plumb/cli/advice_output.h"
#include "plumb/cli/command.h"
#include "plumb/cli/config_options.h"
#include "plumb/cli/interrupt.h"
#include "plumb/cli/json_output.h"
#include "plumb/cli/many_trainings.h"
#include "plumb/cli/outputs.h"
#include "plumb/cli/tty.h"
#include "plumb/core/error.h"
#include "plumb/cure/cure_budget.h"
#include "plumb/cure/cure_words.h"
#include "plumb/cure/far_training.h"
#include "plumb/cure/proof_arms.h"
#include "plumb/cure/proof_page.h"
#include "plumb/diagnose/diagnosis.h"
#include "plumb/report/html.h"
#include "plumb/report/run_keeper.h"
#include "plumb/store/run_file.h"
#include "plumb/train/run_training.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Examples:
  plumb cure "flatten > 20 x [dense 64 > sigmoid] > dense 10" --data "glyphs?n=1000" --steps 200
  plumb cure sick.plumb --jobs 2 -o cured.toml
  plumb cure --config sick.toml --keep activation,depth --budget 10min
  plumb cure "flatten > 20 x [dense 64 > sigmoid] > dense 10" --dry-run

NETWORK may be a run file: the training that it tells of is cured. Groups for --keep and --only: init,
activation, joins, norm, depth, gates, output, data, rate, optimiser, clipping, decay, dropout, batch.
The result is the same for any number of jobs, and of ranks (mpirun -n 2 plumb cure ...; docs/cure.md). Ctrl-C ends
it with what is finished; with --log, the same command goes on there.)";

struct Options {
  ConfigOptions config;
  std::vector<std::string> keep, only;
  CureOptions cure;
  ManyTrainings many;
  std::string output, page, budget = "60";
  CLI::Option* output_option = nullptr;
  CLI::Option* page_option = nullptr;
  bool json = false;
  bool quiet = false;
};

std::vector<CureGroup> groups_of(const std::vector<std::string>& names, const char* option) {
  std::vector<CureGroup> groups;
  for (const std::string& name : names) {
    const std::optional<CureGroup> group = parse_cure_group(name);
    if (!group) {
      throw SpecError(fmt::format("--{}: '{}', expected {}", option, name,
                                  fmt::join(cure_group_names(), ", ")));
    }
    groups.push_back(*group);
  }
  return groups;
}

/// "60" trainings, "10min" or "1.5h" of the clock.
void set_budget(const std::string& text, CureOptions& cure) {
  std::size_t end = 0;
  double value = 0;
  try {
    value = std::stod(text, &end);
  } catch (const std::exception&) {
    value = 0;
  }
  const std::string unit = text.substr(end);
  const bool is_count = unit.empty() && value == std::floor(value) && value <= 100000;
  if (!(value > 0) || !std::isfinite(value) || (!is_count && unit != "min" && unit != "h")) {
    throw SpecError(
        "--budget: '" + text +
        "', expected a number of trainings (60, up to 100000), minutes (10min) or hours (1.5h)");
  }
  if (is_count) {
    cure.budget = static_cast<int>(value);
  } else {
    cure.budget_s = value * (unit == "h" ? 3600 : 60);
  }
}

/// The training of a run file, where the first argument names one, with the settings that are given
/// beside it. Without such settings, what the run came to is `known`.
TrainConfig patient_of(const Options& options, std::optional<KnownTraining>& known) {
  const TrainConfig config = options.config.resolve();
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(config.network, ignored)) {
    if (config.network.ends_with(".plumb")) {
      throw DataError(config.network + ": no such file, expected a run or a network in quotes");
    }
    return config;
  }
  RunReader reader(config.network, LoadOptions::without_histograms());
  std::optional<TrainConfig> recorded = config_of(reader.info());
  if (!recorded) {
    throw DataError(config.network +
                    ": it does not tell network, data and settings, expected a run of plumb train");
  }
  bool is_changed = false;
  for (const Setting& setting : settings()) {
    if (setting.key == "network" || !options.config.is_given(std::string(setting.key))) continue;
    setting.set(*recorded, setting.get(config));
    is_changed = true;
  }
  if (options.cure.dry_run && !is_changed && reader.info().kind == "train") {
    Diagnosis diagnosis(reader.info());
    for (StepRecord step; reader.next(step);) diagnosis.add(step);
    known = KnownTraining{diagnosis.findings(), diagnosis.outcome()};
  }
  return *recorded;
}

/// What is being done, on a terminal with how many trainings of it are; elsewhere a line each.
void print_progress(const CureProgress& progress) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  if (!stderr_is_terminal()) {
    if (progress.done == 0) fmt::print(stderr, "{} ...\n", progress.doing);
    return;
  }
  fmt::print(stderr, "\r\x1b[K{}", progress.doing);
  if (progress.all > 0) fmt::print(stderr, ", {} of {} trainings", progress.done, progress.all);
  if (progress.all == 0 || progress.done == progress.all) fmt::print(stderr, " ...");
  std::fflush(stderr);
}

/// The proof, and before and after, of its first seed, on one page.
void write_page(const CureReport& report, CureData& data, const std::string& path) {
  std::vector<std::unique_ptr<RunKeeper>> keepers;
  std::vector<DiagnosedRun> runs;
  for (const Arm* const arm : {&report.proof_untreated, &report.proof_cured}) {
    const char* const name = arm == &report.proof_cured ? "cured" : "untreated";
    TrainConfig config = arm->config;
    config.seed = arm->trainings.front().seed;
    config.threads = 1;
    Trainer trainer(config, data.of(config).split);
    keepers.push_back(std::make_unique<RunKeeper>());
    run_training(trainer, keepers.back().get(), {});
    keepers.back()->run();
    DiagnosedRun& run = runs.emplace_back(keepers.back()->diagnosed());
    run.file = fmt::format("{}, seed {}", name, config.seed);
  }
  const std::optional<ReportProof> proof = report_proof(report);
  write_html(runs, path, proof ? &*proof : nullptr);
}

void print_lines(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) print_wrapped(line);
}

int run_cure(Options& options) {
  Ranks ranks;
  options.config.read_file();
  const TrainConfig patient = patient_of(options, options.cure.known);
  if (!ranks.is_first()) {
    CureData data(patient);
    ranks.serve([&](const std::string& task) {
      return answer_training(
          task, [&](const TrainConfig& c) -> auto& { return data.of(c); });
    });
    return kOk;
  }
  Outputs files;
  files.reads("NETWORK", options.config.resolve().network);
  files.reads("--config", options.config.file());
  files.reads("--weights", patient.weights);
  files.reads_data(patient.data);
  if (options.output_option->count() > 0) files.writes("-o", options.output);
  if (options.page_option->count() > 0) files.writes("--page", options.page);
  options.many.check(files);
  files.check();
  options.cure.keep = groups_of(options.keep, "keep");
  options.cure.only = groups_of(options.only, "only");
  set_budget(options.budget, options.cure);
  Split split = load_split(patient.data, patient.data_options());
  if (!options.quiet) {
    for (const std::string& note : split.notes) fmt::print(stderr, "{}\n", note);
  }
  CureData data(patient, std::move(split));
  options.cure.sink = options.many.sink();
  options.cure.jobs = options.many.jobs() + ranks.others();
  options.cure.elsewhere = trainings_on(ranks);
  catch_interrupts();
  options.cure.keep_going = [] { return !interrupted(); };
  if (!options.quiet && !options.json) options.cure.progress = print_progress;
  std::optional<TrainingLog> log;
  if (!options.many.log().empty()) options.cure.log = &log.emplace(options.many.log());
  const CureReport report = cure(patient, data, options.cure);
  if (options.cure.progress && stderr_is_terminal()) fmt::print(stderr, "\r\x1b[K");
  const bool has_cure = report.ending == CureEnding::cured || report.ending == CureEnding::better;
  if (!options.output.empty() && has_cure) {
    write_text(options.output, to_toml(report.cured_config()));
  }
  const bool has_page = !options.page.empty() && !report.proof_cured.trainings.empty();
  if (has_page && !interrupted()) write_page(report, data, options.page);
  if (options.json) {
    fmt::print("{}\n", cure_json(report));
  } else {
    print_lines(cure_lines(report));
    if (!options.output.empty() && has_cure) {
      fmt::print("\nThe cured training is in {0}: plumb train --config {0}\n", options.output);
    }
    if (has_page) {
      fmt::print("The proof, and before and after, are in {}\n", options.page);
    } else if (!options.page.empty()) {
      fmt::print("{} was not written: nothing was proven\n", options.page);
    }
  }
  return interrupted() ? kInterrupted : kOk;
}

}  // namespace

void add_cure(CLI::App& app, int& result) {
  auto* command = app.add_subcommand(
      "cure", "Find what makes a sick training well, and prove it by training again");
  auto options = std::make_shared<Options>();
  options->config.add_to(*command);
  command->add_option("--keep", options->keep, "groups of changes that must not be made")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("GROUPS");
  command->add_option("--only", options->only, "groups of changes that may be made")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("GROUPS");
  command
      ->add_option("--budget", options->budget,
                   "at most so many trainings, all arms together, or minutes (10min, 1.5h)")
      ->type_name("BUDGET")
      ->capture_default_str();
  command
      ->add_option("--proof-seeds", options->cure.proof_seeds,
                   "fresh seeds of the proof, at least; more where scores spread")
      ->type_name("COUNT")
      ->check(CLI::Range(kFewestProofSeeds, kMostProofSeeds))
      ->capture_default_str();
  command->add_flag("--dry-run", options->cure.dry_run, "predict, train nothing");
  options->output_option =
      command->add_option("-o,--output", options->output, "write the cured training as TOML")
          ->type_name("FILE");
  options->page_option =
      command
          ->add_option("--page", options->page,
                       "write a report page: the proof, and before and after of its first seed")
          ->type_name("FILE");
  options->many.add_to(*command, "trainings");
  options->many.add_runs_to(*command);
  command->add_flag("--json", options->json, "print the report as JSON");
  command->add_flag("-q,--quiet", options->quiet, "say nothing on the way");
  command->footer(kFooter);
  command->callback([options, &result] { result = run_cure(*options); });
}

}  // namespace plumb::cli
