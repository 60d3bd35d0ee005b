// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/batch_spread.h"

#include <algorithm>
#include <cmath>

namespace plumb {

void BatchSpread::add_labels(std::span<const std::int32_t> labels) {
  std::int64_t counted = 0;
  for (const std::int32_t label : labels) {
    if (label < 0) continue;
    const auto column = static_cast<std::size_t>(label);
    if (column >= columns_.size()) columns_.resize(column + 1);
    columns_[column].batch_sum += 1;
    columns_[column].squares += 1;
    ++counted;
  }
  end_batch(counted);
}

void BatchSpread::add_values(std::span<const float> rows, std::size_t columns) {
  if (columns == 0 || rows.empty()) return;
  if (columns_.empty()) {
    for (const float value : rows.first(columns)) columns_.push_back({static_cast<double>(value)});
  }
  if (columns != columns_.size()) return;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Column& column = columns_[i % columns];
    const double x = static_cast<double>(rows[i]) - column.origin;
    column.batch_sum += x;
    column.squares += x * x;
  }
  end_batch(static_cast<std::int64_t>(rows.size() / columns));
}

void BatchSpread::end_batch(std::int64_t samples) {
  if (samples == 0) return;
  for (Column& column : columns_) {
    column.of_means += column.batch_sum * column.batch_sum / static_cast<double>(samples);
    column.sum += column.batch_sum;
    column.batch_sum = 0;
  }
  ++batches_;
  samples_ += samples;
}

std::optional<double> BatchSpread::between() const {
  if (batches_ < 2) return std::nullopt;
  double between = 0, all = 0;
  for (const Column& column : columns_) {
    const double of_mean = column.sum * column.sum / static_cast<double>(samples_);
    between += column.of_means - of_mean;
    all += column.squares - of_mean;
  }
  const double part = between / all;
  if (!(all > 0) || !std::isfinite(part)) return std::nullopt;
  return std::clamp(part, 0.0, 1.0);  // but for rounding it lies there
}

}  // namespace plumb
