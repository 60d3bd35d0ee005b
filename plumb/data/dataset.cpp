// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plumb/core/error.h"
#include "plumb/data/load_sources.h"
#include "plumb/data/standardise.h"

namespace plumb {

namespace {

Tensor select_rows(const Tensor& from, const std::vector<std::int64_t>& indices) {
  Tensor to(from.shape().with_batch(static_cast<std::int64_t>(indices.size())), from.dtype());
  const auto row_size = static_cast<std::size_t>(from.shape().row_size());
  dispatch(from.dtype(), [&](auto zero) {
    auto out = to.as<decltype(zero)>().begin();
    for (const std::int64_t index : indices) {
      const auto row =
          from.as<decltype(zero)>().subspan(static_cast<std::size_t>(index) * row_size, row_size);
      out = std::copy(row.begin(), row.end(), out);
    }
  });
  return to;
}

}  // namespace

Dataset Dataset::select(const std::vector<std::int64_t>& indices) const {
  check_dataset(*this);
  for (const std::int64_t i : indices) {
    if (i >= 0 && i < size()) continue;
    throw UsageError(
        fmt::format("Dataset::select: sample {} of {}, expected 0 to {}", i, name, size() - 1));
  }
  Dataset selected;
  selected.name = name;
  selected.classes = classes;
  selected.labels_per_sample = labels_per_sample;
  selected.columns = columns;
  selected.class_names = class_names;
  selected.target_unit = target_unit;
  if (x) selected.x = select_rows(x, indices);
  if (y) selected.y = select_rows(y, indices);
  if (is_classification()) {
    for (const std::int64_t i : indices) {
      const auto first = labels.begin() + i * labels_per_sample;
      selected.labels.insert(selected.labels.end(), first, first + labels_per_sample);
    }
  }
  return selected;
}

namespace {

Split split_parts(const Dataset& data, const DataOptions& options) {
  check_dataset(data);
  if (options.limit < 0) {
    throw SpecError(
        fmt::format("data: limit is {}, expected 0 (all samples) or more", options.limit));
  }
  // Written so that NaN fails.
  if (!(options.validation_fraction >= 0 && options.validation_fraction < 1)) {
    throw SpecError(fmt::format("data: validation_fraction is {}, expected at least 0 and below 1",
                                options.validation_fraction));
  }
  const std::int64_t n = options.limit > 0 ? std::min(options.limit, data.size()) : data.size();
  std::int64_t held_out = 0;
  if (options.validation_fraction > 0) {
    if (n < 2) {
      throw DataError(fmt::format("{}: {} samples, expected 2 for a training and a validation part",
                                  data.name, n));
    }
    held_out = std::clamp<std::int64_t>(
        std::llround(options.validation_fraction * static_cast<double>(n)), 1, n - 1);
  }
  std::vector<std::int64_t> order = Rng(options.seed, "data/split").permutation(n);
  // Both parts keep the order of the file.
  std::sort(order.begin(), order.begin() + held_out);
  std::sort(order.begin() + held_out, order.end());
  Split split;
  split.train = data.select({order.begin() + held_out, order.end()});
  if (held_out > 0) split.validation = data.select({order.begin(), order.begin() + held_out});
  split.notes = data.notes;
  return split;
}

}  // namespace

Split split_dataset(const Dataset& data, const DataOptions& options) {
  Split split = split_parts(data, options);
  if (options.standardise) standardise(split, options.standardise_targets);
  return split;
}

Split load_parts_with_gaps(const std::string& text, const DataOptions& options) {
  return split_parts(load_with_gaps(text, options.seed), options);
}

Split load_split(const std::string& text, const DataOptions& options) {
  Split split = load_parts_with_gaps(text, options);
  // The validation part first: the means are those of what the training part holds.
  if (split.validation.x) fill_gaps(split.train, split.validation.x);
  fill_gaps(split.train, split.train.x);
  if (options.standardise) standardise(split, options.standardise_targets);
  return split;
}

}  // namespace plumb
