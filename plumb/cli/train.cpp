// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "plumb/cli/advice_output.h"
#include "plumb/cli/command.h"
#include "plumb/cli/config_options.h"
#include "plumb/cli/fail_on.h"
#include "plumb/cli/interrupt.h"
#include "plumb/cli/json_output.h"
#include "plumb/cli/live_page.h"
#include "plumb/cli/outputs.h"
#include "plumb/cli/progress.h"
#include "plumb/cli/run_name.h"
#include "plumb/cli/tty.h"
#include "plumb/core/error.h"
#include "plumb/report/run_keeper.h"
#include "plumb/store/run_file.h"
#include "plumb/train/checkpoint.h"
#include "plumb/train/run_training.h"
#include "plumb/train/weights.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Examples:
  plumb train "flatten > 30 x [dense 128 > sigmoid] > dense 10" --lr 0.1 --epochs 1 -o deep.plumb
  plumb train --config deep.toml --seed 7 -o deep-7.plumb
  plumb train "flatten > 2 x [dense 64 > relu] > dense 10" --data mnist:DIR --init he_normal
  plumb train "dense 16 > relu > dense 3" --data "csv:table.csv?label=kind" --epochs 500 --patience 20
  plumb train "flatten > dense 10" --epochs 100 --checkpoint half.npz
  plumb train --resume half.npz --epochs 200
  plumb train "flatten > dense 10" --epochs 100 --serve

Without -o the run is kept in plumb-runs/DATE-TIME-NETWORK.plumb. A training that was resumed makes the
same bits as one that never stopped. The same seed gives the same bits; with --precision double for any
number of threads, in float for the same number (CONTRIBUTING.md says where for any).

A TOML file has the same keys as the long options (clip-norm may be written clip_norm):
  network = "flatten > 30 x [dense 128 > sigmoid] > dense 10"
  data = "glyphs"
  lr = 0.1

Ctrl-C stops after the current step and keeps what was recorded; a second Ctrl-C ends it
in the middle of a step.)";

struct Options {
  ConfigOptions config;
  FailOn fail_on;
  std::string output;
  CLI::Option* output_option = nullptr;
  bool no_record = false;
  bool force = false;
  std::string save_weights;
  CLI::Option* weights_option = nullptr;
  std::string save_best;
  CLI::Option* best_option = nullptr;
  std::string checkpoint;
  CLI::Option* checkpoint_option = nullptr;
  std::int64_t checkpoint_every = 0;
  std::string resume;
  bool json = false;
  bool quiet = false;
  bool no_check = false;
  bool serve = false;
};

/// The settings of the checkpoint that the training goes on from; its initial weights are past.
std::vector<FileSetting> settings_to_resume(const std::string& path) {
  const auto toml = checkpoint_settings(path);
  if (!toml) throw DataError(path + ": is no checkpoint, expected what --checkpoint writes");
  std::vector<FileSetting> settings = parse_config(*toml, path);
  std::erase_if(settings, [](const FileSetting& entry) { return entry.key == "weights"; });
  return settings;
}

/// A checkpoint that is there already belongs to the training that goes on from it, or to another.
void keep_other_checkpoints(const Options& options) {
  std::error_code error;
  if (options.checkpoint.empty() || options.force ||
      !std::filesystem::is_regular_file(options.checkpoint, error) ||
      (!options.resume.empty() &&
       std::filesystem::equivalent(options.checkpoint, options.resume, error))) {
    return;
  }
  bool is_checkpoint = false;
  try {
    is_checkpoint = checkpoint_settings(options.checkpoint).has_value();
  } catch (const DataError&) {  // something else, which may be replaced as --save-weights does
  }
  if (is_checkpoint) {
    throw SpecError(fmt::format(
        "--checkpoint: {0} is the checkpoint of another training; --resume {0} goes on from it, "
        "another name keeps both, --force replaces it",
        options.checkpoint));
  }
}

void check_files(const Options& options, const TrainConfig& config) {
  Outputs files;
  files.reads("--config", options.config.file());
  files.reads("--weights", config.weights);
  files.reads_data(config.data);
  if (options.checkpoint != options.resume) files.reads("--resume", options.resume);
  if (options.output_option->count() > 0) files.writes_run("-o", options.output, options.force);
  if (options.weights_option->count() > 0) files.writes("--save-weights", options.save_weights);
  if (options.best_option->count() > 0) files.writes("--save-best", options.save_best);
  if (options.checkpoint_option->count() > 0) files.writes("--checkpoint", options.checkpoint);
  files.check();
  keep_other_checkpoints(options);
  if (options.best_option->count() > 0 && config.validation_fraction == 0) {
    throw SpecError("--save-best: there is no validation part, expected --validation above 0");
  }
}

/// Adds to the run's settings what was written beside it, so that `plumb evaluate RUN` finds it.
class WithFiles : public RecordSink {
 public:
  WithFiles(RecordSink& next, const Options& options) : next_(next), options_(options) {}
  void begin(const RunInfo& info) override {
    RunInfo more = info;
    for (const auto& [key, path] : {std::pair("save-weights", &options_.save_weights),
                                    {"save-best", &options_.save_best},
                                    {"checkpoint", &options_.checkpoint}}) {
      if (!path->empty()) more.settings.emplace_back(key, *path);
    }
    next_.begin(more);
  }
  void grow(const RunInfo& info) override { next_.grow(info); }
  void add(const StepRecord& step) override { next_.add(step); }
  void end(const RunEnd& end) override { next_.end(end); }

 private:
  RecordSink& next_;
  const Options& options_;
};

/// The run's file: the one that -o names, one of plumb-runs/, or none.
class Recording {
 public:
  Recording(const Options& options, const TrainConfig& config) {
    is_asked_ = options.output_option->count() > 0;
    if (!is_asked_ && options.no_record) return;
    try {
      std::optional<RunName> name;
      if (!is_asked_) name.emplace(config.network);
      path_ = name ? name->path() : options.output;
      writer_ = std::make_unique<RunWriter>(path_);
    } catch (const StoreError& error) {
      if (is_asked_) throw;
      if (!options.quiet) {
        fmt::print(stderr, "not recorded: {}; -o FILE records the run elsewhere\n", error.what());
      }
    }
  }

  RunWriter* writer() { return writer_.get(); }

  /// Closes the file; what went wrong with it (a full disk), if anything.
  std::optional<std::string> finish(std::span<const Finding> findings) {
    if (!writer_) return std::nullopt;
    writer_->write_findings(findings);
    const std::optional<std::string> now = writer_->where();
    std::optional<std::string> problem;
    try {
      writer_->close();
    } catch (const StoreError& error) {
      problem = std::string(error.what()) + "; what is shown is what was recorded";
    }
    if (!now) {
      problem = path_ +
                ": was deleted, or moved to another disk, while it was recorded; what is "
                "shown is all there is";
    } else if (*now != path_) {
      moved_from_ = std::exchange(path_, *now);
    }
    return problem;
  }

  void tell(std::FILE* stream) const {
    if (!writer_) return;
    if (!moved_from_.empty()) {
      fmt::print(stderr, "{} was moved to {} while it was recorded\n", moved_from_, path_);
    }
    fmt::print(stream, "\nRecorded in {0}.\nNext: plumb report {0}\n", path_);
  }

  bool is_asked() const { return is_asked_; }
  /// Of the file as it was made.
  const std::string& path() const { return path_; }

 private:
  bool is_asked_ = false;
  std::string path_;
  std::string moved_from_;
  std::unique_ptr<RunWriter> writer_;
};

/// What is written while the training runs, and what of that failed: a full disk must not end it.
class Savings {
 public:
  Savings(Trainer& trainer, const Options& options, const TrainConfig& config)
      : trainer_(trainer), options_(options), epochs_(config.patience) {}

  void after(const StepRecord& record) {
    const bool is_epoch = trainer_.step_count() % trainer_.steps_per_epoch() == 0;
    if (!options_.save_best.empty()) {
      epochs_.is_over(record);
      if (record.validation_loss && epochs_.is_best()) {
        attempt([&] { save_weights(trainer_.network(), options_.save_best); });
      }
    }
    const bool is_due = options_.checkpoint_every > 0
                            ? trainer_.step_count() % options_.checkpoint_every == 0
                            : is_epoch;
    if (is_due) checkpoint();
  }

  void at_end() {
    checkpoint();
    if (options_.save_weights.empty()) return;
    attempt([&] { save_weights(trainer_.network(), options_.save_weights); });
  }

  const std::optional<std::string>& problem() const { return problem_; }

 private:
  void checkpoint() {
    if (options_.checkpoint.empty() || written_at_ == trainer_.step_count()) return;
    written_at_ = trainer_.step_count();
    attempt([&] { save_checkpoint(trainer_, options_.checkpoint); });
  }

  template <class Save>
  void attempt(const Save& save) {
    try {
      save();
    } catch (const DataError& error) {
      problem_ = error.what();
    }
  }

  Trainer& trainer_;
  const Options& options_;
  Patience epochs_;
  std::int64_t written_at_ = -1;
  std::optional<std::string> problem_;
};

int run_train(Options& options) {
  options.config.read_file();
  const bool goes_on = !options.resume.empty();
  const TrainConfig config = options.config.resolve(
      goes_on ? settings_to_resume(options.resume) : std::vector<FileSetting>{}, options.resume);
  check_files(options, config);
  Split data = load_split(config.data, config.data_options());
  if (!options.quiet) {
    for (const std::string& note : data.notes) fmt::print(stderr, "{}\n", note);
  }
  std::optional<Trainer> trainer(std::in_place, config, data);
  if (goes_on) resume(*trainer, options.resume);
  if (!options.quiet) {
    for (const std::string& note : trainer->notes()) fmt::print(stderr, "{}\n", note);
    if (goes_on) {
      fmt::print(stderr, "{}: goes on after step {}\n", options.resume, trainer->step_count());
    }
  }
  catch_interrupts();  // before there is a file, so that none is left without its end
  Recording recording(options, config);
  RunKeeper keeper({}, recording.writer());
  WithFiles sink(keeper, options);
  Progress progress(options.quiet || options.json);
  Savings savings(*trainer, options, config);
  std::optional<LivePage> page;
  if (options.serve && recording.writer() != nullptr) {
    page.emplace(recording.path());
    fmt::print(stderr, "{}\n", page->address());
  }
  run_training(*trainer, &sink, [&](const Trainer& t, const StepRecord& record) {
    progress.update(t, record);
    savings.after(record);
    return !interrupted();
  });
  progress.finish();
  savings.at_end();
  trainer.reset();  // its data are the advice's from here on
  std::optional<Advice> advice;
  if (!options.no_check && !interrupted()) advice = advise(keeper, config, std::move(data));
  const std::vector<Finding>& findings = keeper.diagnosis().findings();
  const std::optional<std::string> problem = recording.finish(findings);
  if (options.json) {
    fmt::print("{}\n", diagnosis_json(keeper.diagnosed(), nullptr, advice ? &*advice : nullptr));
  } else {
    fmt::print("{}", keeper.table(terminal_options()));
    print_advice(advice);
  }
  std::fflush(stdout);
  if (!options.quiet && !problem) recording.tell(options.json ? stderr : stdout);
  if (problem && !recording.is_asked()) {
    fmt::print(stderr, "not recorded to the end: {}\n", *problem);
  } else if (problem) {
    throw StoreError(*problem + (savings.problem() ? "\n" + *savings.problem() : ""));
  }
  if (savings.problem()) throw DataError(*savings.problem());
  const bool was_interrupted = interrupted();
  if (page && !was_interrupted) {
    std::fflush(stdout);
    fmt::print(stderr, "Still at {}; Ctrl-C ends it.\n", page->address());
    page->wait();
  }
  return was_interrupted ? kInterrupted : options.fail_on.exit_code(findings);
}

}  // namespace

void add_train(CLI::App& app, int& result) {
  auto* command =
      app.add_subcommand("train", "Train a network, watch its gradient, and say what is wrong");
  auto options = std::make_shared<Options>();
  TrainConfig defaults;
  defaults.stop_on_nan = true;
  options->config.add_to(*command, defaults);
  options->output_option =
      command
          ->add_option("-o,--output", options->output,
                       fmt::format("record the run in this file; by default in {}/", kRunFolder))
          ->type_name("FILE");
  auto* no_record = command->add_flag("--no-record", options->no_record, "record it nowhere");
  command->add_flag("--force", options->force, "replace a run, or a checkpoint, that is there");
  options->weights_option = command
                                ->add_option("--save-weights", options->save_weights,
                                             "write the trained parameters as NPZ or safetensors")
                                ->type_name("FILE");
  options->best_option =
      command
          ->add_option("--save-best", options->save_best,
                       "write those of the epoch with the smallest validation loss")
          ->type_name("FILE");
  options->checkpoint_option =
      command
          ->add_option("--checkpoint", options->checkpoint,
                       "write where the training stands, after each epoch and at the end")
          ->type_name("FILE");
  command
      ->add_option("--checkpoint-every", options->checkpoint_every,
                   "write it after so many steps instead")
      ->check(CLI::PositiveNumber)
      ->type_name("STEPS");
  command
      ->add_option("--resume", options->resume,
                   "go on from a checkpoint, with its settings but for those given here")
      ->type_name("FILE");
  options->fail_on.add_to(*command);
  command->add_flag("--json", options->json, "print the diagnosis as JSON");
  command
      ->add_flag("--serve", options->serve,
                 "show it in a browser while it runs, and after it until Ctrl-C: the address "
                 "stands in the first line")
      ->excludes(no_record);
  command->add_flag("--no-check", options->no_check,
                    "do not check the remedies by short trainings (a second or two)");
  command->add_flag("-q,--quiet", options->quiet, "no progress line and no notes");
  command->footer(kFooter);
  command->callback([options, &result] { result = run_train(*options); });
}

}  // namespace plumb::cli
