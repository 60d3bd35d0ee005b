// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plumb/record/step_record.h"
#include "plumb/store/columns.h"

/// Histograms, format losses and time series as bytes: many small numbers, as LEB128. Private to
/// store/.
namespace plumb::store {

/// Appends the counts of the touched bins, from the first to the last of them.
void append_bins(const Histogram& histogram, Histogram::Range touched, Bytes& bytes);
/// The inverse: takes `bins` counts off the front, of the bins from `first` on; every other one
/// becomes 0. False if the bytes are not such an encoding.
[[nodiscard]] bool take_bins(std::span<const std::uint8_t>& bytes, std::size_t first,
                             std::size_t bins, Histogram& histogram);

/// Whether a format would lose anything.
bool has_loss(const Sketch& sketch);
/// Appends 12 counts: flushed, subnormal, overflowed of fp16, then of bf16, fp8_e4m3, fp8_e5m2.
void append_format_loss(const Sketch& sketch, Bytes& bytes);
[[nodiscard]] bool take_format_loss(std::span<const std::uint8_t>& bytes, Sketch& sketch);

/// Appends one symbol for each value: 0 NaN, 1 -infinity, 2 +infinity, else 3 + zigzag of the
/// difference to the last finite value (0 before the first), both counted in the statistic's
/// resolution. Zigzag is 0, 1, 2, 3 ... for 0, -1, 1, -2 ... There are exactly `time_steps`
/// symbols: what the series lacks is NaN.
void append_time_series(const TimeSeries& series, std::int64_t time_steps, Bytes& bytes);
/// The inverse, for a series whose statistic is set and whose values have the right number.
[[nodiscard]] bool take_time_series(std::span<const std::uint8_t>& bytes, TimeSeries& series);

}  // namespace plumb::store
