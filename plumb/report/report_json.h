// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "plumb/record/run.h"

namespace plumb {

/// How much of a long run the page gets: enough for every pixel, small enough to open at once.
struct ReportLimits {
  std::size_t measured_steps = 300;   ///< at most this many measured steps, first and last kept
  std::size_t series_steps = 2000;    ///< at most this many points of the loss series
  std::size_t layer_steps = 40'000;   ///< layers times measured steps; never fewer than 2 steps
  std::size_t time_points = 160;      ///< of each sequence, first and last time step kept
  std::size_t time_values = 400'000;  ///< of all sequences; never fewer than 24 time steps
};

/// The data of the report page: runs side by side, in one JSON document (docs/report.md has the
/// schema).
///
/// Magnitudes are base-ten logarithms, made from the log2 of the records and rounded to 4 decimals,
/// so they hold far beyond the range of double. null stands where nothing was measured or where the
/// value is zero or not finite; `marks` of a step says which of the two. Integers beyond 2^53
/// (seeds) are strings. Malformed UTF-8 becomes U+FFFD. A run that was not diagnosed (no findings
/// stored) is diagnosed on the way.
std::string report_json(std::span<const Run> runs, const ReportLimits& limits = {});
std::string report_json(const Run& run, const ReportLimits& limits = {});

}  // namespace plumb
