// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "plumb/cli/advice_output.h"
#include "plumb/cli/command.h"
#include "plumb/cli/config_options.h"
#include "plumb/cli/fail_on.h"
#include "plumb/cli/json_output.h"
#include "plumb/cli/outputs.h"
#include "plumb/cli/tty.h"
#include "plumb/report/run_keeper.h"
#include "plumb/store/run_file.h"
#include "plumb/train/tensor_dump.h"
#include "plumb/train/trainer.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Examples:
  plumb probe "flatten > 50 x [dense 64 > tanh] > dense 10" --init glorot_normal
  plumb probe "flatten > 20 x [dense 64 > relu] > dense 10" --precision double --save-tensors out.npz
  plumb probe "flatten > dense 10" --weights torch.npz --data mnist:DIR --batch 256

--save-tensors writes, in double and with true values: each parameter under its name, its gradient under
grad/NAME, the output of each chain position under out/POSITION, the loss gradient with respect to it under
grad_out/POSITION, the input under x and its gradient under grad_x; of dropouts the masks
(mask/POSITION), of residual blocks what came back on each way (way/POSITION/branch, shortcut, gate) and
of highways T (transform/POSITION), of recurrent layers states, gates and gradients of every time step
(time/POSITION/QUANTITY).)";

struct Options {
  ConfigOptions config;
  FailOn fail_on;
  std::string output;
  CLI::Option* output_option = nullptr;
  std::string tensors;
  CLI::Option* tensors_option = nullptr;
  bool force = false;
  bool json = false;
  bool books = false;
  bool no_check = false;
};

void check_files(const Options& options, const TrainConfig& config) {
  Outputs files;
  files.reads("--config", options.config.file());
  files.reads("--weights", config.weights);
  files.reads_data(config.data);
  if (options.output_option->count() > 0) files.writes_run("-o", options.output, options.force);
  if (options.tensors_option->count() > 0) files.writes("--save-tensors", options.tensors);
  files.check();
}

int run_probe(Options& options) {
  options.config.read_file();
  TrainConfig config = options.config.resolve();
  config.validation_fraction = 0;  // nothing is trained, so nothing is held out
  check_files(options, config);
  if (const std::string flags = options.config.flags_for_steps(); !flags.empty()) {
    fmt::print(stderr, "probe makes no step: {} changes nothing that is measured\n", flags);
  }
  const Split data = load_split(config.data, config.data_options());
  for (const std::string& note : data.notes) fmt::print(stderr, "{}\n", note);
  Trainer trainer(config, data);
  for (const std::string& note : trainer.notes()) fmt::print(stderr, "{}\n", note);
  RunInfo info = trainer.info();
  info.kind = "probe";
  std::unique_ptr<RunWriter> writer;
  if (!options.output.empty()) writer = std::make_unique<RunWriter>(options.output);
  RunKeeper keeper({}, writer.get());
  keeper.begin(info);
  if (options.tensors.empty()) {
    keeper.add(trainer.probe());
  } else {
    TensorDump dump(trainer.network());
    keeper.add(trainer.probe(&dump, &dump));
    dump.write(options.tensors);
  }
  keeper.end({"finished", 0, keeper.run().steps.back().time_s});
  if (writer) {
    writer->write_findings(keeper.diagnosis().findings());
    writer->close();
  }
  std::optional<Advice> advice;
  if (!options.no_check) advice = advise(keeper, config, data);
  if (options.json) {
    const StepRecord* const books = options.books ? &keeper.run().steps.back() : nullptr;
    fmt::print("{}\n", diagnosis_json(keeper.diagnosed(), books, advice ? &*advice : nullptr));
  } else {
    TerminalOptions terminal = terminal_options();
    terminal.books = options.books;
    fmt::print("{}", keeper.table(terminal));
    print_advice(advice);
  }
  return options.fail_on.exit_code(keeper.diagnosis().findings());
}

}  // namespace

void add_probe(CLI::App& app, int& result) {
  auto* command = app.add_subcommand(
      "probe", "Measure a network on one batch without training: the flow at initialisation");
  auto options = std::make_shared<Options>();
  options->config.add_to(*command);
  options->output_option =
      command->add_option("-o,--output", options->output, "record the probe in this file")
          ->type_name("FILE");
  command->add_flag("--force", options->force, "replace a run that is there");
  options->tensors_option =
      command
          ->add_option("--save-tensors", options->tensors, "write every tensor of the pass as NPZ")
          ->type_name("FILE");
  options->fail_on.add_to(*command);
  command->add_flag(
      "--books", options->books,
      "show what the layers inside residual blocks did; with --json the whole ledger");
  command->add_flag("--no-check", options->no_check,
                    "do not check the remedies by short trainings (a second or two)");
  command->add_flag("--json", options->json, "print the diagnosis as JSON");
  command->footer(kFooter);
  command->callback([options, &result] { result = run_probe(*options); });
}

}  // namespace plumb::cli
