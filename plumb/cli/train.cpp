// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "plumb/cli/advice_output.h"
#include "plumb/cli/command.h"
#include "plumb/cli/config_options.h"
#include "plumb/cli/interrupt.h"
#include "plumb/cli/json_output.h"
#include "plumb/cli/progress.h"
#include "plumb/cli/terminal.h"
#include "plumb/core/error.h"
#include "plumb/report/run_keeper.h"
#include "plumb/store/run_file.h"
#include "plumb/train/run_training.h"
#include "plumb/train/weights.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Examples:
  plumb train "flatten > 30 x [dense 128 > sigmoid] > dense 10" --lr 0.1 --epochs 1 -o deep.plumb
  plumb train --config deep.toml --seed 7 -o deep-7.plumb
  plumb train "flatten > 2 x [dense 64 > relu] > dense 10" --data mnist:DIR --init he_normal

A TOML file has the same keys as the long options (clip-norm may be written clip_norm):
  network = "flatten > 30 x [dense 128 > sigmoid] > dense 10"
  data = "glyphs"
  lr = 0.1

Ctrl-C stops after the current step and keeps what was recorded; a second Ctrl-C ends it
in the middle of a step.)";

struct Options {
  ConfigOptions config;
  std::string output;
  std::string save_weights;
  bool json = false;
  bool quiet = false;
  bool no_check = false;
};

/// What went wrong while writing (a full disk).
std::optional<std::string> close(RunWriter* writer) {
  if (writer == nullptr) return std::nullopt;
  try {
    writer->close();
  } catch (const StoreError& error) {
    return error.what();
  }
  return std::nullopt;
}

int run_train(const Options& options) {
  const TrainConfig config = options.config.resolve();
  Split data = load_split(config.data, config.data_options());
  if (!options.quiet) {
    for (const std::string& note : data.notes) fmt::print(stderr, "{}\n", note);
  }
  std::optional<Trainer> trainer(std::in_place, config, data);
  if (!options.quiet) {
    for (const std::string& note : trainer->notes()) fmt::print(stderr, "{}\n", note);
  }
  std::unique_ptr<RunWriter> writer;
  if (!options.output.empty()) writer = std::make_unique<RunWriter>(options.output);
  RunKeeper keeper({}, writer.get());
  Progress progress(options.quiet || options.json);
  catch_interrupts();
  run_training(*trainer, &keeper, [&](const Trainer& t, const StepRecord& record) {
    progress.update(t, record);
    return !interrupted();
  });
  progress.finish();
  if (!options.save_weights.empty()) save_weights(trainer->network(), options.save_weights);
  trainer.reset();  // its data are the advice's from here on
  const std::optional<std::string> problem = close(writer.get());
  std::optional<Advice> advice;
  if (!options.no_check && !interrupted()) advice = advise(keeper, config, std::move(data));
  if (writer && !problem) save_findings(options.output, keeper.diagnosis().findings());
  if (options.json) {
    fmt::print("{}\n", diagnosis_json(keeper.diagnosed(), nullptr, advice ? &*advice : nullptr));
  } else {
    fmt::print("{}", keeper.table(terminal_options()));
    print_advice(advice);
    if (writer && !options.quiet && !problem) {
      fmt::print("\nRecorded in {0}. Next: plumb report {0} -o report.html\n", options.output);
    }
  }
  if (problem) throw StoreError(*problem + "; what is shown is what was recorded");
  return interrupted() ? kInterrupted : kOk;
}

}  // namespace

void add_train(CLI::App& app, int& result) {
  auto* command =
      app.add_subcommand("train", "Train a network, watch its gradient, and say what is wrong");
  auto options = std::make_shared<Options>();
  options->config.add_to(*command);
  command->add_option("-o,--output", options->output, "record the run in this file")
      ->type_name("FILE");
  command
      ->add_option("--save-weights", options->save_weights,
                   "write the trained parameters as NPZ or safetensors")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "print the diagnosis as JSON");
  command->add_flag("--no-check", options->no_check,
                    "do not check the remedies by short trainings (a second or two)");
  command->add_flag("-q,--quiet", options->quiet, "no progress line");
  command->footer(kFooter);
  command->callback([options, &result] { result = run_train(*options); });
}

}  // namespace plumb::cli
