// SPDX-License-Identifier: Apache-2.0
#include "plumb/attach/seen_targets.h"

#include <algorithm>
#include <cmath>

namespace plumb {

bool SeenTargets::add_labels(std::span<const std::int32_t> labels, bool is_answer, RunInfo& info) {
  ++batches_;
  spread_.add_labels(labels);
  is_answer_ = is_answer_ && is_answer && columns_.empty();
  for (const std::int32_t label : labels) {
    if (label < 0 || !is_answer_) continue;
    if (label >= kMostClasses) {
      is_answer_ = false;
      continue;
    }
    const auto place = static_cast<std::size_t>(label);
    if (place >= class_sizes_.size()) class_sizes_.resize(place + 1);
    ++class_sizes_[place];
    ++samples_;
  }
  return tell(info);
}

bool SeenTargets::add_values(std::span<const float> rows, std::size_t columns, bool is_answer,
                             RunInfo& info) {
  ++batches_;
  if (columns == 0 || rows.empty()) return tell(info);
  const auto samples = static_cast<std::int64_t>(rows.size() / columns);
  if (columns > kMostColumns) {
    columns = 1;
  } else {
    spread_.add_values(rows, columns);
  }
  if (columns_.empty()) {
    for (std::size_t i = 0; i < columns; ++i) {
      columns_.push_back({.origin = rows[i], .smallest = rows[i], .largest = rows[i]});
    }
  }
  is_answer_ = is_answer_ && is_answer && class_sizes_.empty() && columns == columns_.size();
  if (!is_answer_) return tell(info);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Column& column = columns_[i % columns];
    const double value = rows[i], shifted = value - column.origin;
    ++column.count;
    column.sum += shifted;
    column.squares += shifted * shifted;
    column.smallest = std::min(column.smallest, value);
    column.largest = std::max(column.largest, value);
  }
  samples_ += samples;
  return tell(info);
}

bool SeenTargets::tell(RunInfo& info) {
  if (batches_ < due_) return false;
  due_ = 2 * batches_;
  const auto between = spread_.between();
  if (!between && !has_told_ && !is_answer_) return false;
  if (!info.data_info) info.data_info.emplace();
  tell_values(info);
  if (between) info.data_info->between_batches = between;
  if (between && info.batch == 0) info.batch = spread_.samples() / spread_.batches();
  return between || has_told_;
}

void SeenTargets::tell_values(RunInfo& info) {
  DataInfo& data = *info.data_info;
  if (!has_told_ && (data.samples > 0 || !data.class_sizes.empty() || !data.targets.empty())) {
    return;
  }
  if (!is_answer_ || samples_ == 0) {
    if (has_told_) data.samples = 0, data.class_sizes.clear(), data.targets.clear();
    return;
  }
  has_told_ = true;
  data.samples = samples_;
  data.class_sizes = class_sizes_;
  data.targets.clear();
  for (const Column& one : columns_) {
    const auto count = static_cast<double>(one.count);
    const double mean = one.sum / count;
    const double variance =
        one.smallest == one.largest ? 0 : std::max(one.squares / count - mean * mean, 0.0);
    data.targets.push_back({.name = {},
                            .mean = one.origin + mean,
                            .deviation = std::sqrt(variance),
                            .smallest = one.smallest,
                            .largest = one.largest});
  }
}

}  // namespace plumb
