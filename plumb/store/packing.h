// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plumb/record/step_record.h"

/// The compact form of a step: what waits in the writer's queue and, as blobs, what is in the file.
/// A sketch takes around 300 bytes in memory and around 100 bytes packed. Private to store/.
namespace plumb::store {

using Bytes = std::vector<std::uint8_t>;

/// Appends the touched bins: nothing if there is none; else one byte with the index of the first
/// one, then the counts from there to the last one as LEB128 (7 bits a byte, lowest first, high bit
/// set on all but the last byte of a count).
void append_histogram(const Sketch& sketch, Bytes& bytes);
/// Appends nothing if all counts are 0; else 12 counts as LEB128: flushed, subnormal, overflowed of
/// fp16, then of bf16, fp8_e4m3, fp8_e5m2.
void append_format_loss(const Sketch& sketch, Bytes& bytes);

/// The inverse. The target's counts must be 0. False if the bytes are not such an encoding.
[[nodiscard]] bool parse_histogram(std::span<const std::uint8_t> bytes, Sketch& sketch);
[[nodiscard]] bool parse_format_loss(std::span<const std::uint8_t> bytes, Sketch& sketch);

/// Appends one symbol for each value as LEB128: 0 NaN, 1 -infinity, 2 +infinity, else 3 + zigzag of
/// the difference to the last finite value (0 before the first), both counted in the statistic's
/// resolution. Zigzag is 0, 1, 2, 3 ... for 0, -1, 1, -2 ... There are exactly `time_steps`
/// symbols: what the series lacks is NaN.
void append_time_series(const TimeSeries& series, std::int64_t time_steps, Bytes& bytes);
/// The inverse, for a series whose statistic is set and whose values have the right number.
[[nodiscard]] bool parse_time_series(std::span<const std::uint8_t> bytes, TimeSeries& series);

struct PackedSketch {
  std::int64_t site = 0;
  std::uint64_t count = 0, nonfinite_count = 0, zero_count = 0;
  double mean = 0, m2 = 0, abs_max = 0;
  int log2_scale = 0;
  std::uint32_t histogram_bytes = 0;    ///< in PackedStep::bytes, one sketch after the other
  std::uint32_t format_loss_bytes = 0;  ///< behind the histogram
};

/// One TimeSeries with what it says of its TimeRecord.
struct PackedTimeSeries {
  std::size_t record = 0;  ///< its place in PackedStep::rest.times
  TimeQuantity quantity = TimeQuantity::h;
  TimeStatistic statistic = TimeStatistic::log2_rms;
  std::uint32_t series_bytes = 0;  ///< in PackedStep::bytes, behind the sketches
};

struct PackedStep {
  StepRecord rest;  ///< everything but the sketches and the time series
  std::vector<std::pair<std::int64_t, Site>> new_sites;
  std::vector<PackedSketch> sketches;
  std::vector<PackedTimeSeries> time_series;
  Bytes bytes;

  std::int64_t size_bytes() const;  ///< of memory, nearly
};

/// Packs the steps of one run; numbers the sites as they appear.
class StepPacker {
 public:
  PackedStep pack(const StepRecord& step);

 private:
  std::int64_t site_id(const Site& site, std::size_t position, PackedStep& packed);

  std::unordered_map<std::string, std::int64_t> ids_;
  std::vector<std::pair<Site, std::int64_t>>
      last_;  // by position: steps repeat their order of sites
  std::size_t last_bytes_ = 0;
};

}  // namespace plumb::store
