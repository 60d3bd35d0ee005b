// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "plumb/cli/advice_output.h"
#include "plumb/cli/command.h"
#include "plumb/cli/config_options.h"
#include "plumb/cli/json_output.h"
#include "plumb/cli/terminal.h"
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
  std::string output;
  std::string tensors;
  bool json = false;
  bool books = false;
  bool no_check = false;
};

int run_probe(const Options& options) {
  TrainConfig config = options.config.resolve();
  config.validation_fraction = 0;  // nothing is trained, so nothing is held out
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
    writer->close();
    save_findings(options.output, keeper.diagnosis().findings());
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
  return kOk;
}

}  // namespace

void add_probe(CLI::App& app, int& result) {
  auto* command = app.add_subcommand(
      "probe", "Measure a network on one batch without training: the flow at initialisation");
  auto options = std::make_shared<Options>();
  options->config.add_to(*command);
  command->add_option("-o,--output", options->output, "record the probe in this file")
      ->type_name("FILE");
  command->add_option("--save-tensors", options->tensors, "write every tensor of the pass as NPZ")
      ->type_name("FILE");
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
