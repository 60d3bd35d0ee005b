// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/other_data.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "plumb/core/error.h"
#include "plumb/data/load_sources.h"
#include "plumb/data/standardise.h"

namespace plumb {

namespace {

/// Numbers the classes of `data` as those of `train`; the name of a class that it has not.
std::optional<std::string> renumber(Dataset& data, const Dataset& train) {
  if (!data.is_classification() || data.class_names.empty() || train.class_names.empty()) return {};
  std::vector<std::int32_t> number(data.class_names.size());
  for (std::size_t i = 0; i < number.size(); ++i) {
    const auto it = std::ranges::find(train.class_names, data.class_names[i]);
    // A class that no sample has is a gap between the numbers of others.
    const bool occurs =
        std::ranges::find(data.labels, static_cast<std::int32_t>(i)) != data.labels.end();
    if (it == train.class_names.end() && occurs) return data.class_names[i];
    number[i] = static_cast<std::int32_t>(it - train.class_names.begin());
  }
  for (std::int32_t& label : data.labels) label = number[static_cast<std::size_t>(label)];
  data.class_names = train.class_names;
  return {};
}

/// The shape of what the training has for each sample, with nothing in it.
void take_no_labels(Dataset& data, const Dataset& train) {
  data.classes = train.classes;
  data.labels_per_sample = train.labels_per_sample;
  data.class_names = train.class_names;
  data.labels.clear();
  data.y = Tensor();
  if (train.is_classification()) {
    data.labels.assign(static_cast<std::size_t>(data.size() * data.labels_per_sample), 0);
  } else {
    data.y = Tensor(train.y.shape().with_batch(data.size()), DType::f32);
  }
}

void fit_labels(OtherData& other, const Dataset& train, LabelUse labels) {
  Dataset& data = other.data;
  if (!other.is_labelled) return take_no_labels(data, train);
  if (const auto unknown = renumber(data, train)) {
    const std::string problem =
        fmt::format("{}: has the class '{}', expected those of the training data: {}", data.name,
                    *unknown, fmt::join(train.class_names, ", "));
    if (labels == LabelUse::required) throw DataError(problem);
    data.notes.push_back(problem + "; no label is used");
    other.is_labelled = false;
    return take_no_labels(data, train);
  }
  if (data.is_classification()) data.classes = std::max(data.classes, train.classes);
}

}  // namespace

OtherData load_other(const std::string& text, const std::string& training,
                     const DataOptions& options, LabelUse labels) {
  if (training.empty()) {
    OtherData other = load_other_with_gaps(text, "", nullptr, options.seed, labels);
    fill_gaps(other.data, other.data.x);
    return other;
  }
  Split split = load_parts_with_gaps(training, options);
  OtherData other = load_other_with_gaps(text, training, &split.train, options.seed, labels);
  fit_labels(other, split.train, labels);
  fill_gaps(split.train, other.data.x);
  fill_gaps(split.train, split.train.x);
  if (!options.standardise) return other;
  const std::vector<std::string> notes = std::exchange(other.data.notes, {});
  split.validation = std::move(other.data);
  standardise(split, options.standardise_targets);
  other.data = std::move(split.validation);
  other.data.notes = notes;
  return other;
}

Dataset load_like(const std::string& text, const std::string& training,
                  const DataOptions& options) {
  return load_other(text, training, options, LabelUse::required).data;
}

}  // namespace plumb
