// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/counted_sketch.h"

#include <algorithm>

#include "plumb/stats/format_limits.h"

namespace plumb {

Sketch sketch(const CountedTensor& counted, std::uint64_t times, double log2_scale) {
  Sketch to;
  to.log2_scale = log2_scale;
  to.count = counted.count * times;
  to.zero_count = counted.zeros * times;
  to.nonfinite_count = static_cast<std::uint64_t>(counted.octaves[Sketch::kBins]) * times;
  for (std::size_t bin = 0; bin < Histogram::kBins; ++bin) {
    auto own = static_cast<std::uint64_t>(counted.octaves[bin]);
    if (bin == 0) own -= counted.zeros;
    if (own > 0) to.histogram[bin] = own * times;
  }
  const auto beyond = [&](detail::Limit limit, std::size_t format) {
    return static_cast<std::uint64_t>(counted.limits[limit * kNumberFormatCount + format]) * times;
  };
  const std::uint64_t nonzero = to.finite_count() - to.zero_count;
  for (std::size_t format = 0; format < kNumberFormatCount; ++format) {
    FormatLoss& loss = to.format_loss[format];
    loss.flushed = nonzero - beyond(detail::kNotFlushed, format);
    loss.subnormal = nonzero - beyond(detail::kNormal, format) - std::min(loss.flushed, nonzero);
    loss.overflowed = beyond(detail::kOverflowed, format);
  }
  to.abs_max = counted.abs_max;
  const auto finite = static_cast<double>(to.finite_count());
  if (finite == 0) return to;
  const auto repeats = static_cast<double>(times);
  to.mean = counted.sum * repeats / finite;
  to.m2 =
      std::max(0.0, (counted.squares - counted.sum * (counted.sum * repeats / finite)) * repeats);
  return to;
}

void sketch_limit_bits(double log2_scale, bool is_double, std::span<std::uint64_t> limits) {
  if (is_double) {
    const auto all = detail::double_limits(log2_scale);
    std::copy(all.begin(), all.end(), limits.begin());
  } else {
    const auto all = detail::float_limits(log2_scale);
    std::copy(all.begin(), all.end(), limits.begin());
  }
}

}  // namespace plumb
