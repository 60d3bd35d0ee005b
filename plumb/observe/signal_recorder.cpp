// SPDX-License-Identifier: Apache-2.0
#include "plumb/observe/signal_recorder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace plumb {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// In lanes, which the compiler may keep in one register: a single sum has an order of its own.
template <class T>
double sum_of_squares(std::span<const T> row) {
  constexpr std::size_t kLanes = 8;
  std::array<double, kLanes> lanes{};
  std::size_t i = 0;
  for (; i + kLanes <= row.size(); i += kLanes) {
    for (std::size_t k = 0; k < kLanes; ++k) {
      const auto x = static_cast<double>(row[i + k]);
      lanes[k] += x * x;
    }
  }
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  for (; i < row.size(); ++i) sum += static_cast<double>(row[i]) * static_cast<double>(row[i]);
  return sum;
}

double dot(const double* a, const double* b, std::size_t count) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

void SignalRecorder::begin(const RunInfo& info, std::int64_t step,
                           std::vector<SignalRecord>& records) {
  records.clear();
  records_ = nullptr;
  if (step != last_) {
    const bool is_last = step + 1 == info.planned_steps;
    if (step < next_ && !is_last) return;
    with_directions_ = step >= next_directions_ || is_last;
  }
  last_ = step;
  if (step >= next_) next_ = std::max<std::int64_t>(1, 2 * step);
  if (with_directions_) next_directions_ = std::max<std::int64_t>(1, 4 * step);
  records_ = &records;
  batch_ = 0;
  recorded_.assign(info.layers.size(), false);
}

bool SignalRecorder::begin_layer(LayerId layer, std::int64_t samples) {
  const auto place = static_cast<std::size_t>(layer);
  if (place >= recorded_.size() || recorded_[place]) return false;
  recorded_[place] = true;
  if (batch_ == 0) batch_ = samples;
  counted_ = kept_rows_ = 0;
  return samples > 0 && samples == batch_;
}

template <class T>
void SignalRecorder::take_row(std::span<const T> row) {
  if (with_directions_ && kept_rows_ < kMostSamples) {
    const auto features = static_cast<std::int64_t>(row.size());
    const std::int64_t wanted = std::min(features, kMostFeatures);
    if (kept_rows_ == 0) kept_.clear();
    for (std::int64_t f = 0; f < wanted; ++f) {
      kept_.push_back(static_cast<double>(row[static_cast<std::size_t>(f * features / wanted)]));
    }
    ++kept_rows_;
  }
  const double squares = sum_of_squares(row);
  if (!(squares > 0) || !std::isfinite(squares)) return;
  if (counted_ == 0) sum_.assign(row.size(), 0);
  ++counted_;
  const double factor = 1 / std::sqrt(squares);
  for (std::size_t i = 0; i < row.size(); ++i) sum_[i] += factor * static_cast<double>(row[i]);
}

/// (sum lambda)^2 / sum lambda^2 is trace(G)^2 over the sum of the squares of G's elements.
double SignalRecorder::directions() {
  const auto n = static_cast<std::size_t>(kept_rows_);
  if (n < 2) return kNan;
  const std::size_t features = kept_.size() / n;
  double largest = 0;
  for (const double x : kept_) {
    if (!std::isfinite(x)) return kNan;
    largest = std::max(largest, std::abs(x));
  }
  if (largest == 0) return 0;
  // The mean is taken away before any product: samples that are nearly alike differ in their last
  // digits.
  mean_.assign(features, 0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t f = 0; f < features; ++f) mean_[f] += kept_[i * features + f] / largest;
  }
  bool differ = false;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t f = 0; f < features; ++f) {
      differ = differ || kept_[i * features + f] != kept_[f];
    }
  }
  if (!differ) return 0;
  for (double& mean : mean_) mean /= static_cast<double>(n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t f = 0; f < features; ++f) {
      double& x = kept_[i * features + f];
      x = x / largest - mean_[f];
    }
  }
  double trace = 0, squares = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      const double product = dot(&kept_[i * features], &kept_[j * features], features);
      squares += (i == j ? 1 : 2) * product * product;
      if (i == j) trace += product;
    }
  }
  return squares > 0 ? trace * trace / squares : 0;
}

void SignalRecorder::finish_layer(LayerId layer) {
  SignalRecord& record = records_->emplace_back();
  record.layer = layer;
  record.samples = static_cast<std::int32_t>(counted_);
  if (counted_ >= 2) {
    const auto n = static_cast<double>(counted_);
    record.similarity = (dot(sum_.data(), sum_.data(), sum_.size()) - n) / (n * (n - 1));
  }
  if (with_directions_) record.directions = directions();
}

template <class T>
void SignalRecorder::add_rows(LayerId layer, std::span<const T> values, std::int64_t samples) {
  const std::size_t features = values.size() / static_cast<std::size_t>(samples);
  for (std::int64_t i = 0; i < samples; ++i) {
    take_row(values.subspan(static_cast<std::size_t>(i) * features, features));
  }
  finish_layer(layer);
}

// A view of ours has its samples outermost in every layout, and the order within a sample is the
// same for all of them: it changes no product.
void SignalRecorder::add(LayerId layer, ConstView values) {
  if (records_ == nullptr || values.shape.rank() == 0) return;
  const std::int64_t samples = values.shape[0];
  if (!begin_layer(layer, samples)) return;
  dispatch(values.dtype, [&]<class T>(T) { add_rows<T>(layer, values.as<T>(), samples); });
}

void SignalRecorder::add(LayerId layer, const ObservedView& values) {
  if (records_ == nullptr) return;
  const int axis = values.find(Axis::sample);
  if (axis < 0 || values.kept != nullptr) return;
  const std::int64_t samples = values.values.sizes[static_cast<std::size_t>(axis)];
  if (samples != values.samples() || !begin_layer(layer, samples)) return;
  const auto features = static_cast<std::size_t>(values.values.size() / samples);
  std::vector<double>& row = sample_;
  for (std::int64_t i = 0; i < samples; ++i) {
    row.resize(features);
    KeptReader reader(values.slice(axis, i));
    std::size_t read = 0;
    while (const std::size_t count = reader.next(std::span(row).subspan(read))) read += count;
    take_row<double>(row);
  }
  finish_layer(layer);
}

}  // namespace plumb
