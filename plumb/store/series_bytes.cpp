// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/series_bytes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "plumb/store/leb128.h"

namespace plumb::store {

namespace {

/// Space at the end of `bytes` for so many numbers, to be given back by end_at(); appending byte by
/// byte would take as long as a sketch itself.
std::uint8_t* reserve_for(std::size_t numbers, Bytes& bytes) {
  const std::size_t end = bytes.size();
  bytes.resize(end + numbers * kMostLebBytes);
  return bytes.data() + end;
}

void end_at(const std::uint8_t* end, Bytes& bytes) {
  bytes.resize(static_cast<std::size_t>(end - bytes.data()));
}

constexpr std::uint64_t kNaNSymbol = 0;
constexpr std::uint64_t kMinusInfinitySymbol = 1;
constexpr std::uint64_t kInfinitySymbol = 2;
constexpr std::uint64_t kFirstDifference = 3;
// Our choice: any float of a log2 or a fraction is far below it, and differences of two fit.
constexpr double kLargestTimeValue = 0x1p60;

std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

std::int64_t unzigzag(std::uint64_t code) {
  return static_cast<std::int64_t>(code >> 1) ^ -static_cast<std::int64_t>(code & 1);
}

}  // namespace

void append_bins(const Histogram& histogram, Histogram::Range touched, Bytes& bytes) {
  std::uint8_t* to = reserve_for(touched.end - touched.begin, bytes);
  for (std::size_t k = touched.begin; k < touched.end; ++k) to = put_leb(histogram[k], to);
  end_at(to, bytes);
}

bool take_bins(std::span<const std::uint8_t>& bytes, std::size_t first, std::size_t bins,
               Histogram& histogram) {
  if (first + bins > Histogram::kBins) return false;
  std::array<std::uint32_t, Histogram::kBins> near{};
  for (std::size_t i = 0; i < bins; ++i) {
    // Most counts are one or two bytes.
    std::uint64_t count = 0;
    if (!bytes.empty() && bytes[0] < 0x80) {
      count = bytes[0];
      bytes = bytes.subspan(1);
    } else if (const auto number = take_leb(bytes)) {
      count = *number;
    } else {
      return false;
    }
    if (count > std::numeric_limits<std::uint32_t>::max()) {
      histogram.assign(first, std::span(near).first(i));
      histogram[first + i] = count;
      for (++i; i < bins; ++i) {
        const auto number = take_leb(bytes);
        if (!number) return false;
        histogram[first + i] = *number;
      }
      return true;
    }
    near[i] = static_cast<std::uint32_t>(count);
  }
  histogram.assign(first, std::span(near).first(bins));
  return true;
}

bool has_loss(const Sketch& sketch) { return sketch.format_loss != decltype(sketch.format_loss){}; }

void append_format_loss(const Sketch& sketch, Bytes& bytes) {
  std::uint8_t* to = reserve_for(3 * sketch.format_loss.size(), bytes);
  for (const FormatLoss& loss : sketch.format_loss) {
    for (const auto count : {loss.flushed, loss.subnormal, loss.overflowed}) {
      to = put_leb(count, to);
    }
  }
  end_at(to, bytes);
}

bool take_format_loss(std::span<const std::uint8_t>& bytes, Sketch& sketch) {
  for (FormatLoss& loss : sketch.format_loss) {
    for (auto* target : {&loss.flushed, &loss.subnormal, &loss.overflowed}) {
      const auto count = take_leb(bytes);
      if (!count) return false;
      *target = *count;
    }
  }
  return true;
}

void append_time_series(const TimeSeries& series, std::int64_t time_steps, Bytes& bytes) {
  const int resolution = time_resolution_log2(series.statistic);
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(0, time_steps));
  std::uint8_t* to = reserve_for(count, bytes);
  std::int64_t last = 0;
  for (std::size_t t = 0; t < count; ++t) {
    const float value =
        t < series.values.size() ? series.values[t] : std::numeric_limits<float>::quiet_NaN();
    if (std::isnan(value)) {
      to = put_leb(kNaNSymbol, to);
    } else if (std::isinf(value)) {
      to = put_leb(value < 0 ? kMinusInfinitySymbol : kInfinitySymbol, to);
    } else {
      const double whole = std::nearbyint(std::ldexp(static_cast<double>(value), -resolution));
      const auto number =
          static_cast<std::int64_t>(std::clamp(whole, -kLargestTimeValue, kLargestTimeValue));
      to = put_leb(kFirstDifference + zigzag(number - last), to);
      last = number;
    }
  }
  end_at(to, bytes);
}

bool take_time_series(std::span<const std::uint8_t>& bytes, TimeSeries& series) {
  const int resolution = time_resolution_log2(series.statistic);
  std::int64_t last = 0;
  for (float& value : series.values) {
    const auto symbol = take_leb(bytes);
    if (!symbol) return false;
    switch (*symbol) {
      case kNaNSymbol: value = std::numeric_limits<float>::quiet_NaN(); break;
      case kMinusInfinitySymbol: value = -std::numeric_limits<float>::infinity(); break;
      case kInfinitySymbol: value = std::numeric_limits<float>::infinity(); break;
      default: {
        // Unsigned, so that a damaged file cannot overflow.
        last = static_cast<std::int64_t>(
            static_cast<std::uint64_t>(last) +
            static_cast<std::uint64_t>(unzigzag(*symbol - kFirstDifference)));
        value = static_cast<float>(std::ldexp(static_cast<double>(last), resolution));
      }
    }
  }
  return true;
}

}  // namespace plumb::store
