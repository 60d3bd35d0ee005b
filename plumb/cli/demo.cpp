// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "plumb/cli/advice_output.h"
#include "plumb/cli/command.h"
#include "plumb/cli/interrupt.h"
#include "plumb/cli/progress.h"
#include "plumb/cli/tty.h"
#include "plumb/core/error.h"
#include "plumb/cure/cure_words.h"
#include "plumb/flow/ledger.h"
#include "plumb/report/flow_bars.h"
#include "plumb/report/html.h"
#include "plumb/report/page.h"
#include "plumb/report/run_keeper.h"
#include "plumb/store/run_file.h"
#include "plumb/train/run_training.h"

namespace plumb::cli {

namespace {

constexpr int kBarsIndent = 10;  // where the text of the verdict begins
constexpr int kBarsTail = 12;    // "input " and " loss"

constexpr const char* kFooter =
    R"(Trains two networks of 30 layers on images that plumb draws itself: one of sigmoid, which cannot
learn, and one with the remedy that plumb names, which does. Says what is wrong with the first and
sets both side by side in one HTML page. Then finds a cure for a narrower copy of the first and proves it over three
seeds, beside control arms. Takes less than a minute.

Writes plumb-demo.html, plumb-demo-sick.plumb and plumb-demo-healthy.plumb.)";

struct Options {
  std::string directory = ".";
  int epochs = 15;
  std::uint64_t seed = 1;
};

struct Patient {
  const char* name;
  const char* network;
  const char* init;
  const char* bias_init;
};

/// Same data, depth, width, rate, batches and seed: the difference is the remedy that the diagnosis
/// of the first names first.
constexpr Patient kSick{"sick", "flatten > 30 x [dense 128 > sigmoid] > dense 10", "pytorch",
                        "pytorch"};
constexpr Patient kHealthy{"healthy", "flatten > 30 x [dense 128 > tanh] > dense 10",
                           "glorot_normal", "zeros"};

constexpr const char* kNarrow = "flatten > 30 x [dense 32 > sigmoid] > dense 10";
constexpr int kNarrowWidth = 32;
constexpr unsigned kMostJobs = 8;

TrainConfig config_of(const Patient& patient, const Options& options) {
  TrainConfig config;
  config.network = patient.network;
  config.init = patient.init;
  config.bias_init = patient.bias_init;
  config.learning_rate = 0.05;
  config.schedule = "cosine";
  config.epochs = options.epochs;
  config.batch = 64;
  config.seed = options.seed;
  return config;
}

/// Records the training in `file` and keeps all of it.
std::unique_ptr<RunKeeper> train_patient(const Patient& patient, const Options& options,
                                         const Split& data, const std::string& file) {
  Trainer trainer(config_of(patient, options), data);
  RunWriter writer(file);
  auto keeper = std::make_unique<RunKeeper>([](std::int64_t) { return true; }, &writer);
  Progress progress(false, fmt::format("  {}  ", patient.name));
  run_training(trainer, keeper.get(), [&](const Trainer& t, const StepRecord& record) {
    progress.update(t, record);
    return !interrupted();
  });
  progress.finish();
  writer.close();
  save_findings(file, keeper->diagnosis().findings());
  return keeper;
}

/// The verdict and the flow of the last measured step, one bar a layer.
void print_summary(RunKeeper& keeper) {
  const Run& run = keeper.run();
  const TerminalOptions terminal = terminal_options();
  BarOptions bars;
  bars.unicode = terminal.unicode;
  bars.width = std::max(8, terminal.width - kBarsIndent - kBarsTail);
  fmt::print("{}", render_verdict(run, keeper.diagnosis(), terminal));
  fmt::print("{:<{}}input {} loss\n\n", "Gradient", kBarsIndent,
             render_flow_bars(on_the_chain(flow_profile(run.info, *run.measured().back())), bars));
}

/// Why this plumb has no page to write, if it has none.
std::optional<std::string> page_problem() {
  try {
    report_page();
  } catch (const StoreError& error) {
    return error.what();
  }
  return std::nullopt;
}

/// What plumb cure does, on the sick network at a quarter of its width and with few seeds, so that
/// it takes seconds.
int prove_cure(const Options& options, const Split& data) {
  TrainConfig patient = config_of(kSick, options);
  patient.network = kNarrow;
  CureOptions cure_options;
  cure_options.screen_seeds = 1;
  cure_options.screened = 4;
  cure_options.proof_seeds = 3;
  cure_options.search.budget_s = 1;
  cure_options.jobs =
      static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, kMostJobs));
  cure_options.keep_going = [] { return !interrupted(); };
  fmt::print(
      "4. The cure, proven by training again\n\n"
      "The same network, {} units wide, and 3 seeds, so that it takes seconds. In full: plumb cure "
      "--help\n\n",
      kNarrowWidth);
  std::fflush(stdout);
  Split copy{first_samples(data.train, data.train.size()),
             first_samples(data.validation, data.validation.size())};
  CureData cure_data(patient, std::move(copy));
  for (const std::string& line : cure_lines(cure(patient, cure_data, cure_options))) {
    print_wrapped(line);
  }
  return interrupted() ? kInterrupted : kOk;
}

int run_demo(const Options& options) {
  const std::string stem = options.directory + "/plumb-demo-";
  const std::string page = options.directory + "/plumb-demo.html";
  DataOptions data_options;
  data_options.seed = options.seed;
  const Split data = load_split("glyphs", data_options);
  catch_interrupts();
  std::vector<std::unique_ptr<RunKeeper>> runs;
  for (const Patient& patient : {kSick, kHealthy}) {
    fmt::print("{}. The {} network\n\n", runs.size() + 1, patient.name);
    std::fflush(stdout);
    const std::string file = stem + patient.name + ".plumb";
    runs.push_back(train_patient(patient, options, data, file));
    if (interrupted()) {
      fmt::print("Stopped. What was recorded is in {}\n", file);
      return kInterrupted;
    }
    print_summary(*runs.back());
  }
  std::vector<DiagnosedRun> diagnosed;
  for (const auto& run : runs) diagnosed.push_back(run->diagnosed());
  if (const auto problem = page_problem()) {
    fmt::print(
        "3. No page of both side by side:\n   {}\n   Layer by layer: plumb diagnose {}sick.plumb\n",
        *problem, stem);
    return kOk;
  }
  diagnosed[0].file = "plumb-demo-sick.plumb";
  diagnosed[1].file = "plumb-demo-healthy.plumb";
  write_html(diagnosed, page);
  fmt::print(
      "3. Both side by side: open {} in a browser.\n"
      "   Layer by layer here: plumb diagnose {}sick.plumb\n\n",
      page, stem);
  std::fflush(stdout);
  return prove_cure(options, data);
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
