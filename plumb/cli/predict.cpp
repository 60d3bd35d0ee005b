// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>

#include "plumb/cli/command.h"
#include "plumb/cli/model.h"
#include "plumb/cli/outputs.h"
#include "plumb/data/npz.h"
#include "plumb/data/safetensors.h"
#include "plumb/store/run_file.h"
#include "plumb/train/judgement.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Examples:
  plumb predict run.plumb --data csv:new.csv -o answers.csv
  plumb predict checkpoint.npz --data mnist:DIR -o answers.npz

MODEL and --data are those of 'plumb evaluate', but the data need no labels: a table without the column that
was learned, arrays without y, a folder of images without class folders. CSV has one line a sample: its
number from 0, the label where the data have one, the class that the network says and the probability of
each; or the target and the output of each value. A file called *.npz or *.safetensors has the arrays
outputs, and for classes probabilities, predicted and label. Without -o CSV is printed.)";

struct Options {
  ConfigOptions config;
  std::string model;
  std::string output;
  CLI::Option* output_option = nullptr;
};

std::string to_csv(const Model& model, const Dataset& data, const Tensor& outputs,
                   const std::vector<std::int32_t>& chosen) {
  const auto columns = static_cast<std::size_t>(outputs.shape().row_size());
  const auto steps =
      static_cast<std::size_t>(data.is_classification() ? data.labels_per_sample : 1);
  const std::size_t each = columns / steps;
  std::string csv = steps > 1 ? "sample,step" : "sample";
  const bool labelled = model.is_labelled();
  if (data.is_classification()) csv += labelled ? ",label,predicted" : ",predicted";
  for (std::size_t i = 0; i < each; ++i) {
    const auto number = static_cast<std::int64_t>(i);
    csv += data.is_classification()
               ? "," + csv_field("p_" + (each == 1 ? "1" : model.class_name(number)))
           : labelled ? fmt::format(",target_{0},output_{0}", i)
                      : fmt::format(",output_{}", i);
  }
  csv += '\n';
  dispatch(outputs.dtype(), [&](auto zero) {
    const auto values = outputs.as<decltype(zero)>();
    for (std::size_t row = 0; row * each < values.size(); ++row) {
      csv += std::to_string(row / steps);
      if (steps > 1) csv += "," + std::to_string(row % steps);
      if (data.is_classification()) {
        if (labelled) csv += "," + csv_field(model.class_name(data.labels[row]));
        csv += ",";
        csv += chosen[row] < 0 ? "nan" : csv_field(model.class_name(chosen[row]));
      }
      for (std::size_t i = row * each; i < (row + 1) * each; ++i) {
        if (labelled && !data.is_classification()) {
          fmt::format_to(std::back_inserter(csv), ",{}", data.y.as<float>()[i]);
        }
        fmt::format_to(std::back_inserter(csv), ",{}", values[i]);
      }
      csv += '\n';
    }
  });
  return csv;
}

Tensor as_tensor(const std::vector<std::int32_t>& values) {
  Tensor tensor({static_cast<std::int64_t>(values.size())}, DType::f64);
  std::ranges::copy(values, tensor.as<double>().begin());
  return tensor;
}

int run_predict(Options& options) {
  options.config.read_file();
  Outputs files;
  files.reads("MODEL", options.model);
  files.reads("--config", options.config.file());
  if (options.output_option->count() > 0) files.writes("-o", options.output, true);
  files.check();
  Model model(options.model, options.config, LabelUse::optional);
  Outputs again;  // the model has told which files it reads
  again.reads("--weights", model.config().weights);
  again.reads_data(model.data().name);
  again.reads_data(model.config().data);
  if (options.output_option->count() > 0) again.writes("-o", options.output, true);
  again.check();
  for (const std::string& note : model.notes()) fmt::print(stderr, "{}\n", note);
  const Dataset& data = model.data();
  Trainer& trainer = model.trainer();
  const Tensor outputs = trainer.predict(data);
  Tensor probabilities = outputs.clone();
  std::vector<std::int32_t> chosen;
  if (data.is_classification()) {
    chosen = chosen_classes(outputs, trainer.class_threshold());
    to_probabilities(trainer.info().loss, probabilities);
  }
  const bool as_npz = options.output.ends_with(".npz");
  if (!as_npz && !options.output.ends_with(".safetensors")) {
    write_text(options.output, to_csv(model, data, probabilities, chosen));
    return kOk;
  }
  const Tensor predicted = as_tensor(chosen), label = as_tensor(data.labels);
  std::vector<std::pair<std::string, ConstView>> arrays{{"outputs", outputs.view()}};
  if (data.is_classification()) {
    arrays.emplace_back("probabilities", std::as_const(probabilities).view());
    arrays.emplace_back("predicted", predicted.view());
    if (model.is_labelled()) arrays.emplace_back("label", label.view());
  }
  as_npz ? write_npz(options.output, arrays) : write_safetensors(options.output, arrays);
  return kOk;
}

}  // namespace

void add_predict(CLI::App& app, int& result) {
  auto* command = app.add_subcommand(
      "predict", "Write what a trained network says to each sample, as CSV or NPZ");
  auto options = std::make_shared<Options>();
  command->add_option("MODEL", options->model, "a run, a checkpoint or a file of weights")
      ->required();
  options->config.add_to(*command, {}, ConfigOptions::NetworkAs::option);
  options->output_option =
      command->add_option("-o,--output", options->output, "write to this file instead")
          ->type_name("FILE");
  command->footer(kFooter);
  command->callback([options, &result] { result = run_predict(*options); });
}

}  // namespace plumb::cli
