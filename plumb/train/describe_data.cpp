// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/describe_data.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "plumb/stats/batch_spread.h"

namespace plumb {

namespace {

/// Value i belongs to group i / inner % groups.
struct Grouping {
  std::size_t groups = 1;
  std::size_t inner = 1;
};

Grouping grouping_of(const Shape& x, InputAxes axes) {
  const auto size = [&](int axis) { return static_cast<std::size_t>(x[axis]); };
  const auto row = static_cast<std::size_t>(x.row_size());
  switch (axes) {
    case InputAxes::columns: return {row, 1};
    case InputAxes::steps: return {size(x.rank() - 1), 1};
    case InputAxes::channels: break;
  }
  if (x.rank() < 4 || size(1) == 0) return {1, row};
  return {size(1), row / size(1)};
}

std::vector<ColumnInfo> describe(std::span<const float> values, Grouping grouping) {
  if (grouping.groups > static_cast<std::size_t>(kMostColumns)) grouping = {1, values.size()};
  if (values.empty() || grouping.groups == 0) return {};
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<ColumnInfo> columns(grouping.groups, {"", 0, 0, kInfinity, -kInfinity});
  const double count = static_cast<double>(values.size()) / static_cast<double>(grouping.groups);
  const auto each = [&](auto use) {
    for (std::size_t i = 0; i < values.size();) {
      ColumnInfo& column = columns[i / grouping.inner % grouping.groups];
      for (std::size_t k = 0; k < grouping.inner; ++k, ++i) {
        use(column, static_cast<double>(values[i]));
      }
    }
  };
  // The mean first, so that nothing cancels.
  each([](ColumnInfo& column, double x) {
    column.mean += x;
    column.smallest = std::min(column.smallest, x);
    column.largest = std::max(column.largest, x);
  });
  for (ColumnInfo& column : columns) column.mean /= count;
  each([](ColumnInfo& column, double x) {
    column.deviation += (x - column.mean) * (x - column.mean);
  });
  for (ColumnInfo& column : columns) {
    // The mean of equal numbers may miss them by a rounding.
    column.deviation = column.smallest == column.largest ? 0 : std::sqrt(column.deviation / count);
  }
  return columns;
}

}  // namespace

InputAxes input_axes(const Shape& x, bool is_sequence) {
  if (x.rank() <= 2) return InputAxes::columns;
  return is_sequence ? InputAxes::steps : InputAxes::channels;
}

DataInfo describe_data(const Split& data, bool is_sequence) {
  const Dataset& train = data.train;
  check_dataset(train);
  DataInfo info;
  info.samples = train.size();
  info.validation_samples = data.validation.size();
  if (train.x) {
    const Shape& shape = train.x.shape();
    info.inputs = describe(train.x.as<float>(), grouping_of(shape, input_axes(shape, is_sequence)));
    if (info.inputs.size() == train.columns.size()) {
      for (std::size_t i = 0; i < info.inputs.size(); ++i) info.inputs[i].name = train.columns[i];
    }
  }
  if (train.is_classification()) {
    info.class_sizes.assign(static_cast<std::size_t>(train.classes), 0);
    for (const std::int32_t label : train.labels) {
      ++info.class_sizes[static_cast<std::size_t>(label)];
    }
  } else if (train.y) {
    const Shape& shape = train.y.shape();
    info.targets = describe(train.y.as<float>(), {static_cast<std::size_t>(shape.row_size()), 1});
  }
  return info;
}

std::optional<double> between_batches(const Dataset& train, std::int64_t batch) {
  const bool is_by_step = train.is_classification() && train.labels_per_sample != 1;
  if (is_by_step || batch < 1 || (!train.is_classification() && !train.y)) return std::nullopt;
  const auto size = static_cast<std::size_t>(batch);
  const auto batches = static_cast<std::size_t>(train.size() / batch);
  BatchSpread spread;
  for (std::size_t b = 0; b < batches; ++b) {
    if (train.is_classification()) {
      spread.add_labels(std::span(train.labels).subspan(b * size, size));
    } else {
      const auto columns = static_cast<std::size_t>(train.y.shape().row_size());
      spread.add_values(train.y.as<float>().subspan(b * size * columns, size * columns), columns);
    }
  }
  return spread.between();
}

}  // namespace plumb
