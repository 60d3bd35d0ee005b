// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "plumb/core/error.h"
#include "plumb/store/run_file.h"
#include "plumb/train/checkpoint.h"

namespace plumb::cli {

namespace {

namespace fs = std::filesystem;

/// The settings that a file tells, and the file of its weights.
struct Found {
  std::vector<FileSetting> settings;
  std::string weights;
};

/// As the run's program named it, from this folder or from the run's own.
std::string resolve_path(const std::string& path, const std::string& run) {
  std::error_code error;
  const fs::path beside = fs::path(run).parent_path() / path;
  return !fs::exists(path, error) && fs::exists(beside, error) ? beside.string() : path;
}

Found from_run(const std::string& path) {
  RunReader reader(path, LoadOptions::metrics());
  Found found;
  std::string best, last, checkpoint;
  long line = 0;
  for (const auto& [key, value] : reader.info().settings) {
    ++line;
    if (key == "save-best") best = value;
    if (key == "save-weights") last = value;
    if (key == "checkpoint") checkpoint = value;
    if (find_setting(key) != nullptr && key != "weights") {
      found.settings.push_back({key, value, line});
    }
  }
  if (reader.info().settings.empty()) {
    throw DataError(path + ": the run has no settings, expected one that 'plumb train' wrote");
  }
  for (const std::string& file : {best, last, checkpoint}) {
    if (!file.empty() && found.weights.empty()) found.weights = resolve_path(file, path);
  }
  return found;
}

Found read_model(const std::string& path) {
  if (is_run_file(path)) return from_run(path);
  Found found;
  found.weights = path;
  const auto toml = checkpoint_settings(path);
  if (!toml) return found;
  for (FileSetting& setting : parse_config(*toml, path)) {
    if (setting.key != "weights") found.settings.push_back(std::move(setting));
  }
  return found;
}

std::string data_of(const std::vector<FileSetting>& settings) {
  const auto it = std::ranges::find(settings, "data", &FileSetting::key);
  return it == settings.end() ? "" : it->value;
}

/// Stands for the labels that data lack, in the shape that the network answers with.
void take_labels_of(const TrainConfig& config, Dataset& data) {
  const Network network(parse_spec(config.network), data.x.shape().row_shape(), {});
  const Shape& y = network.output_row_shape();
  const bool is_value = config.loss == "mse" || (config.loss.empty() && y.size() == 1);
  const std::int64_t outputs = y.rank() > 0 ? y[y.rank() - 1] : 1;
  if (is_value) {
    data.y = Tensor({data.size(), y.size()}, DType::f32);
    return;
  }
  data.y = Tensor();
  data.classes = outputs == 1 ? 2 : outputs;
  data.labels_per_sample = y.rank() > 1 ? y[0] : 1;
  data.labels.assign(static_cast<std::size_t>(data.size() * data.labels_per_sample), 0);
}

}  // namespace

/// Weights of which nothing else is known: the data stand for those of the training.
void Model::load_alone(LabelUse labels) {
  config_.validation_fraction = 0;
  if (config_.standardise) {
    notes_.emplace_back(
        "standardised by these data themselves: a file of weights does not know those of the "
        "training");
  }
  OtherData data = load_other(config_.data, "", config_.data_options(), labels);
  is_labelled_ = data.is_labelled;
  if (!is_labelled_) take_labels_of(config_, data.data);
  training_ = split_dataset(data.data, config_.data_options());
  data_name_ = config_.data;
}

Model::Model(const std::string& file, const ConfigOptions& options, LabelUse labels) {
  const Found found = read_model(file);
  config_ = options.resolve(found.settings, file);
  if (config_.weights.empty()) config_.weights = found.weights;
  if (config_.weights.empty()) {
    throw DataError(
        file +
        ": the run does not say where its weights are, expected --weights FILE, or a run "
        "that was trained with --save-weights, --save-best or --checkpoint");
  }
  const std::string training = data_of(found.settings);
  const bool has_other = options.is_given("data");
  if (!has_other && training.empty()) {
    throw SpecError("data: none given, expected --data SOURCE");
  }
  if (has_other && !training.empty()) {
    OtherData other = load_other(config_.data, training, config_.data_options(), labels);
    other_ = std::move(other.data);
    is_labelled_ = other.is_labelled;
    config_.data = training;
    training_ = load_split(training, config_.data_options());
    data_name_ = other_.name;
    notes_.insert(notes_.end(), other_.notes.begin(), other_.notes.end());
  } else if (has_other) {
    load_alone(labels);
  } else {
    training_ = load_split(config_.data, config_.data_options());
    const bool has_validation = training_.validation.size() > 0;
    data_name_ = has_validation ? "the validation part of " + config_.data
                                : "the training data, " + config_.data;
  }
  trainer_ = std::make_unique<Trainer>(config_, training_);
  data_ = other_.size() > 0                 ? &other_
          : training_.validation.size() > 0 ? &training_.validation
                                            : &training_.train;
  notes_.insert(notes_.end(), trainer_->notes().begin(), trainer_->notes().end());
  if (data_->target_unit != 1) {
    notes_.push_back(
        fmt::format("targets and outputs are those of the training: standardised, a unit is {:.6g}",
                    data_->target_unit));
  }
}

std::string Model::class_name(std::int64_t label) const {
  const auto& names = training_.train.class_names;
  const auto place = static_cast<std::size_t>(label);
  return place < names.size() ? names[place] : std::to_string(label);
}

}  // namespace plumb::cli
