// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "plumb/cli/command.h"
#include "plumb/cli/model.h"
#include "plumb/cli/tty.h"
#include "plumb/core/json_number.h"
#include "plumb/report/text.h"
#include "plumb/train/judgement.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Examples:
  plumb evaluate run.plumb
  plumb evaluate run.plumb --data "csv:new.csv?label=kind"
  plumb evaluate checkpoint.npz --json
  plumb evaluate weights.npz --network "flatten > dense 10" --data mnist:DIR

MODEL is a run that was trained with --save-weights, --save-best or --checkpoint, a checkpoint, or a
file of weights, with --network and --data. Without --data it is the validation part of the training
data. Rows of the confusion matrix are the labels, columns what the network says.)";

struct Options {
  ConfigOptions config;
  std::string model;
  bool json = false;
};

std::string percent(double part) {
  return std::isnan(part) ? "-" : fmt::format("{:.1f} %", 100 * part);
}

/// The whole matrix where it fits, else the pairs that are taken for each other most often.
void print_confusion(const Confusion& confusion, const Model& model) {
  const std::size_t classes = confusion.counts.size();
  const int width = terminal_options().width;
  int name_width = 5, cell = 3;
  for (std::size_t i = 0; i < classes; ++i) {
    const std::string name = printable(model.class_name(static_cast<std::int64_t>(i)));
    name_width = std::clamp(display_width(name), name_width, 16);
    for (const std::int64_t count : confusion.counts[i]) {
      cell = std::max(cell, static_cast<int>(std::to_string(count).size()));
    }
  }
  const auto name_of = [&](std::size_t i, int columns) {
    return shorten(printable(model.class_name(static_cast<std::int64_t>(i))), columns);
  };
  constexpr int kPercents = 20;
  const int fits = name_width + static_cast<int>(classes) * (cell + 1) + kPercents;
  fmt::print("\n");
  if (fits > std::max(width, 60)) {
    struct Pair {
      std::int64_t count;
      std::size_t label, answer;
    };
    std::vector<Pair> pairs;
    for (std::size_t i = 0; i < classes; ++i) {
      for (std::size_t j = 0; j < classes; ++j) {
        if (i != j && confusion.counts[i][j] > 0) pairs.push_back({confusion.counts[i][j], i, j});
      }
    }
    std::ranges::stable_sort(pairs, std::ranges::greater{}, &Pair::count);
    constexpr std::size_t kShown = 10;
    fmt::print("taken for another most often ({} pairs in all; --json has the matrix)\n",
               pairs.size());
    for (std::size_t i = 0; i < std::min(pairs.size(), kShown); ++i) {
      fmt::print("  {:>6} x  {} taken for {}\n", pairs[i].count, name_of(pairs[i].label, 24),
                 name_of(pairs[i].answer, 24));
    }
    return;
  }
  fmt::print("{}", pad_right("", name_width));
  for (std::size_t j = 0; j < classes; ++j) fmt::print(" {}", pad_left(name_of(j, cell), cell));
  fmt::print("    recall precision\n");
  for (std::size_t i = 0; i < classes; ++i) {
    fmt::print("{}", pad_right(name_of(i, name_width), name_width));
    for (const std::int64_t count : confusion.counts[i]) fmt::print(" {:>{}}", count, cell);
    fmt::print("  {:>8}  {:>8}\n", percent(confusion.recall(i)), percent(confusion.precision(i)));
  }
}

nlohmann::ordered_json number(double value) { return json_number<nlohmann::ordered_json>(value); }

int run_evaluate(Options& options) {
  options.config.read_file();
  Model model(options.model, options.config);
  for (const std::string& note : model.notes()) fmt::print(stderr, "{}\n", note);
  const Dataset& data = model.data();
  Trainer& trainer = model.trainer();
  const Evaluation evaluation = trainer.evaluate(data);
  const Tensor outputs = trainer.predict(data);
  nlohmann::ordered_json json{
      {"data", model.data_name()}, {"samples", data.size()}, {"loss", number(evaluation.loss)}};
  if (!options.json) {
    fmt::print("{}: {} samples\nloss      {:.6g}\n", printable(model.data_name()), data.size(),
               evaluation.loss);
  }
  if (data.is_classification()) {
    const double threshold = trainer.class_threshold();
    const Confusion confusion = count_confusion(data.labels, chosen_classes(outputs, threshold),
                                                std::max<std::int64_t>(data.classes, 2));
    json["accuracy"] = number(evaluation.accuracy);
    json["classes"] = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < confusion.counts.size(); ++i) {
      json["classes"].push_back(model.class_name(static_cast<std::int64_t>(i)));
    }
    json["confusion"] = confusion.counts;
    json["nan_rows"] = confusion.nan_rows;
    if (!options.json) {
      if (confusion.nan_rows == confusion.total()) {
        fmt::print("accuracy  none: the outputs of all rows are NaN\n");
      } else {
        fmt::print("accuracy  {} ({} of {})\n", percent(evaluation.accuracy), confusion.right(),
                   confusion.total());
        if (confusion.nan_rows > 0) {
          fmt::print("NaN       {} rows have no answer\n", confusion.nan_rows);
        }
      }
      print_confusion(confusion, model);
    }
  } else {
    json["targets"] = nlohmann::ordered_json::array();
    for (Fit fit : measure_fit(outputs, data.y)) {
      fit.rmse *= data.target_unit;  // as the loss
      json["targets"].push_back({{"rmse", number(fit.rmse)}, {"r_squared", number(fit.r_squared)}});
      if (!options.json) {
        fmt::print("rmse      {:.6g}  (R squared {:.4f}; 0 is the best constant)\n", fit.rmse,
                   fit.r_squared);
      }
    }
  }
  if (options.json) {
    fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  }
  return kOk;
}

}  // namespace

void add_evaluate(CLI::App& app, int& result) {
  auto* command = app.add_subcommand(
      "evaluate", "Say how right a trained network is on any data, with its confusion matrix");
  auto options = std::make_shared<Options>();
  command->add_option("MODEL", options->model, "a run, a checkpoint or a file of weights")
      ->required();
  options->config.add_to(*command, {}, ConfigOptions::NetworkAs::option);
  command->add_flag("--json", options->json, "print JSON");
  command->footer(kFooter);
  command->callback([options, &result] { result = run_evaluate(*options); });
}

}  // namespace plumb::cli
