// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "plumb/core/error.h"
#include "plumb/data/dataset.h"

namespace plumb {

namespace {

void expect_rows(const View& to, const Tensor& from, std::int64_t batch, const char* name) {
  const Shape expected = from.shape().with_batch(batch);
  if (to.shape.rank() < 1 || to.shape[0] != batch || to.shape.row_size() != expected.row_size()) {
    throw ShapeError(fmt::format("batch: {} has shape {}, expected {} or rows of the same size",
                                 name, to.shape.to_string(), expected.to_string()));
  }
}

/// What may have changed since check_dataset() and would be read past its end.
void expect_samples(const Dataset& data, std::span<const std::int64_t> rows) {
  const std::int64_t samples = data.size(), each = data.labels_per_sample;
  if (data.is_classification() && static_cast<std::int64_t>(data.labels.size()) != samples * each) {
    throw DataError(fmt::format("{}: {} labels, expected {} for each of {} samples", data.name,
                                data.labels.size(), each, samples));
  }
  if (!data.is_classification() && (data.y ? data.y.shape()[0] : 0) != samples) {
    throw DataError(fmt::format("{}: y has {} rows, expected one for each of {} samples", data.name,
                                data.y ? data.y.shape()[0] : 0, samples));
  }
  for (const std::int64_t row : rows) {
    if (row >= 0 && row < samples) continue;
    throw UsageError(
        fmt::format("copy_batch: row {} of {}, expected 0 to {}", row, data.name, samples - 1));
  }
}

void copy_rows(const Tensor& from, std::span<const std::int64_t> rows, View to) {
  const auto source = from.as<float>();
  const auto row_size = static_cast<std::size_t>(from.shape().row_size());
  dispatch(to.dtype, [&](auto zero) {
    using T = decltype(zero);
    auto out = to.as<T>().begin();
    for (const std::int64_t row : rows) {
      const auto values = source.subspan(static_cast<std::size_t>(row) * row_size, row_size);
      out = std::transform(values.begin(), values.end(), out,
                           [](float v) { return static_cast<T>(v); });
    }
  });
}

}  // namespace

void copy_batch(const Dataset& data, std::span<const std::int64_t> rows, View x,
                std::vector<std::int32_t>& labels, View y) {
  const auto count = static_cast<std::int64_t>(rows.size());
  expect_samples(data, rows);
  expect_rows(x, data.x, count, "x");
  copy_rows(data.x, rows, x);
  if (!data.is_classification()) {
    expect_rows(y, data.y, count, "y");
    copy_rows(data.y, rows, y);
    return;
  }
  labels.resize(rows.size() * static_cast<std::size_t>(data.labels_per_sample));
  auto to = labels.begin();
  for (const std::int64_t row : rows) {
    to =
        std::copy_n(data.labels.begin() + row * data.labels_per_sample, data.labels_per_sample, to);
  }
}

BatchIterator::BatchIterator(const Dataset& data, std::int64_t batch, bool shuffle,
                             std::uint64_t seed)
    : data_(data),
      batch_(std::min(batch, data.size())),
      batches_per_epoch_(0),
      shuffle_(shuffle),
      rng_(seed, "data/shuffle"),
      order_(static_cast<std::size_t>(data.size())) {
  check_dataset(data);
  if (batch < 1) throw SpecError(fmt::format("batch: {}, expected 1 or more", batch));
  if (data.size() == 0) {
    throw DataError(fmt::format("{}: no samples, expected one or more", data.name));
  }
  batches_per_epoch_ = data.size() / batch_;
  std::iota(order_.begin(), order_.end(), std::int64_t{0});
}

void BatchIterator::fill(std::int64_t epoch, std::int64_t index, View x,
                         std::vector<std::int32_t>& labels, View y) {
  if (epoch < 0 || index < 0 || index >= batches_per_epoch_) {
    throw UsageError(fmt::format(
        "BatchIterator::fill: batch {} of epoch {}, expected 0 to {} of an epoch from 0", index,
        epoch, batches_per_epoch_ - 1));
  }
  if (shuffle_ && epoch != epoch_) {
    order_ = rng_.child(static_cast<std::uint64_t>(epoch)).permutation(data_.size());
    epoch_ = epoch;
  }
  const auto rows = std::span<const std::int64_t>(order_).subspan(
      static_cast<std::size_t>(index * batch_), static_cast<std::size_t>(batch_));
  copy_batch(data_, rows, x, labels, y);
}

}  // namespace plumb
