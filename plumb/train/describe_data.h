// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "plumb/data/dataset.h"
#include "plumb/record/data_info.h"

namespace plumb {

/// Which axes of x are features of their own.
enum class InputAxes : std::uint8_t {
  columns,   ///< [samples, columns]
  channels,  ///< [samples, channels, height, width]; [samples, height, width] is one channel
  steps      ///< [samples, steps, features]
};

/// What a table of that shape is; of rank 3 a sequence where the network reads it step by step.
InputAxes input_axes(const Shape& x, bool is_sequence);

/// The training part as the network gets it. Beyond kMostColumns all numbers of x are one column.
/// Errors  those of check_dataset.
/// Speed   Two passes over x.
DataInfo describe_data(const Split& data, bool is_sequence);

/// DataInfo::between_batches of whole batches in the order of the samples (BatchSpread). Absent for
/// labels of every time step, for fewer than two batches, and where no target varies.
/// Speed   One pass over the targets.
std::optional<double> between_batches(const Dataset& train, std::int64_t batch);

inline constexpr std::int64_t kMostColumns = 4096;

}  // namespace plumb
