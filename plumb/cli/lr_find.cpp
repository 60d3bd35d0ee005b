// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "plumb/cli/command.h"
#include "plumb/cli/config_options.h"
#include "plumb/cli/interrupt.h"
#include "plumb/cli/progress.h"
#include "plumb/cli/tty.h"
#include "plumb/report/flow_bars.h"
#include "plumb/report/text.h"
#include "plumb/train/rate_search.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Example:
  plumb lr-find "flatten > 4 x [dense 64 > relu] > dense 10" --optimiser adam

Trains for a moment with a rate that grows from step to step, and names a tenth of the one at which the
smoothed loss was smallest. Nothing is recorded or kept.)";

struct Options {
  ConfigOptions config;
  RateSearch search;
  bool json = false;
};

void print_curve(const FoundRate& found) {
  constexpr std::size_t kLines = 20;
  const TerminalOptions terminal = terminal_options();
  double low = found.points.front().smooth, high = low;
  for (const RatePoint& point : found.points) {
    low = std::min(low, point.smooth);
    high = std::max(high, point.smooth);
  }
  const int bar = std::clamp(terminal.width - 28, 8, 40);
  fmt::print("{:>9}  {:>10}  smoothed loss\n", "rate", "");
  const std::size_t every = (found.points.size() + kLines - 1) / kLines;
  for (std::size_t i = 0; i < found.points.size(); i += every) {
    const RatePoint& point = found.points[i];
    const double height = high > low ? (point.smooth - low) / (high - low) : 0;
    fmt::print("{}\n", fmt::format("{:>9.2g}  {:>10.4g}  {}", point.rate, point.smooth,
                                   horizontal_bar(height, bar, terminal.unicode)));
  }
}

int run_lr_find(Options& options) {
  options.config.read_file();
  TrainConfig config = options.config.resolve();
  config.record = "off";
  config.validation_fraction = 0;
  config.steps = options.search.steps;
  const Split data = load_split(config.data, config.data_options());
  for (const std::string& note : data.notes) fmt::print(stderr, "{}\n", note);
  Trainer trainer(config, data);
  Progress progress(options.json);
  catch_interrupts();
  const FoundRate found = search_rate(trainer, options.search, [&](const StepRecord& record) {
    progress.update(trainer, record);
    return !interrupted();
  });
  progress.finish();
  if (options.json) {
    nlohmann::ordered_json json{{"suggestion", nullptr}, {"diverged", found.diverged}};
    if (found.suggestion) json["suggestion"] = *found.suggestion;
    json["points"] = nlohmann::ordered_json::array();
    for (const RatePoint& point : found.points) {
      json["points"].push_back(
          {{"rate", point.rate}, {"loss", point.loss}, {"smooth", point.smooth}});
    }
    fmt::print("{}\n", json.dump(2));
  } else if (found.points.empty()) {
    fmt::print("The loss is no number from the first step on.\n");
  } else {
    print_curve(found);
    if (found.suggestion) {
      fmt::print("\nTry --lr {:.1g}: a tenth of the rate with the smallest loss.\n",
                 *found.suggestion);
    } else {
      fmt::print(
          "\nNo rate made the loss smaller. 'plumb probe' says how much gradient reaches the "
          "layers.\n");
    }
  }
  return interrupted() ? kInterrupted : kOk;
}

}  // namespace

void add_lr_find(CLI::App& app, int& result) {
  auto* command = app.add_subcommand("lr-find", "Look for a learning rate that suits the network");
  auto options = std::make_shared<Options>();
  options->config.add_to(*command);
  command->add_option("--from", options->search.first, "the first rate")->capture_default_str();
  command->add_option("--to", options->search.last, "the last one")->capture_default_str();
  command->add_option("--rates", options->search.steps, "how many, one a step")
      ->capture_default_str();
  command->add_flag("--json", options->json, "print JSON");
  command->footer(kFooter);
  command->callback([options, &result] { result = run_lr_find(*options); });
}

}  // namespace plumb::cli
