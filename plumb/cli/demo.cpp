// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "plumb/cli/command.h"
#include "plumb/cli/interrupt.h"
#include "plumb/cli/progress.h"
#include "plumb/cli/terminal.h"
#include "plumb/diagnose/rule.h"
#include "plumb/report/html.h"
#include "plumb/store/run_file.h"
#include "plumb/train/trainer.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter =
    R"(Trains a 30-layer sigmoid network that cannot learn and a healthy variant beside it, on images that plumb draws
itself, says what is wrong with the first, and writes both into one HTML page. Takes less than a minute.)";

struct Options {
  std::string directory = ".";
  int epochs = 2;
  std::uint64_t seed = 1;
};

struct Patient {
  const char* name;
  const char* network;
  const char* init;
  double learning_rate;
};

/// Same data, depth, width, batches and seed. The cure is the one that the diagnosis names first.
constexpr Patient kSick{"sick", "flatten > 30 x [dense 128 > sigmoid] > dense 10", "pytorch", 0.1};
constexpr Patient kHealthy{"healthy", "flatten > 30 x [dense 128 > tanh] > dense 10", "orthogonal",
                           0.02};

Run train_patient(const Patient& patient, const Options& options, const Split& data,
                  const std::string& file) {
  TrainConfig config;
  config.network = patient.network;
  config.init = patient.init;
  if (patient.init != std::string_view("pytorch")) config.bias_init = "zeros";
  config.learning_rate = patient.learning_rate;
  config.epochs = options.epochs;
  config.batch = 64;
  config.seed = options.seed;
  Trainer trainer(config, data);
  fmt::print("Training the {} network: {}\n", patient.name, patient.network);
  RunWriter writer(file);
  Progress progress(false, fmt::format("  {}  ", patient.name));
  run_training(trainer, &writer, [&](const Trainer& t, const StepRecord& record) {
    progress.update(t, record);
    return !interrupted();
  });
  progress.finish();
  writer.close();
  Run run = load_run(file);
  run.findings = diagnose(run);
  save_findings(file, run.findings);
  return run;
}

int run_demo(const Options& options) {
  const std::string stem = options.directory + "/plumb-demo-";
  const std::string page = options.directory + "/plumb-demo.html";
  DataOptions data_options;
  data_options.seed = options.seed;
  const Split data = load_split("glyphs", data_options);
  catch_interrupts();
  std::vector<Run> runs;
  for (const Patient& patient : {kSick, kHealthy}) {
    const std::string file = stem + patient.name + ".plumb";
    runs.push_back(train_patient(patient, options, data, file));
    if (interrupted()) {
      fmt::print("Stopped. What was recorded is in {}\n", file);
      return kInterrupted;
    }
    fmt::print("\n{}\n", render_table(runs.back(), terminal_options()));
  }
  write_html(runs, page);
  fmt::print("The report of both, to open in a browser: {}\n", page);
  return kOk;
}

}  // namespace

void add_demo(CLI::App& app, int& result) {
  auto* command = app.add_subcommand(
      "demo", "Train a sick and a healthy deep network and compare them in a report");
  auto options = std::make_shared<Options>();
  command
      ->add_option("--directory", options->directory, "where the two runs and the page are written")
      ->type_name("DIR")
      ->capture_default_str();
  command->add_option("--epochs", options->epochs, "passes over the images")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--seed", options->seed, "of everything random")->capture_default_str();
  command->footer(kFooter);
  command->callback([options, &result] { result = run_demo(*options); });
}

}  // namespace plumb::cli
