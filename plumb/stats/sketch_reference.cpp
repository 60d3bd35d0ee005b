// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <span>

#include "plumb/stats/format_limits.h"
#include "plumb/stats/sketch.h"

namespace plumb {
namespace {

/// Books a non-zero finite magnitude, significand * 2^exponent of the true value with 1 <=
/// significand < 2.
void count_loss(int exponent, double significand, const detail::FormatLimits& limits,
                FormatLoss& loss) {
  const bool flushed =
      exponent < limits.flush_exponent || (exponent == limits.flush_exponent && significand == 1.0);
  loss.flushed += flushed;
  loss.subnormal += !flushed && exponent < limits.normal_exponent;
  const double limit = limits.overflow_significand;
  loss.overflowed += exponent > limits.overflow_exponent ||
                     (exponent == limits.overflow_exponent &&
                      (significand > limit || (limits.overflow_tie && significand == limit)));
}

template <class T>
Sketch plain_sketch(std::span<const T> x, int log2_scale) {
  Sketch s;
  s.count = x.size();
  s.log2_scale = log2_scale;
  double sum = 0;
  for (const T value : x) {
    if (!std::isfinite(value)) {
      ++s.nonfinite_count;
      continue;
    }
    const double v = value;
    sum += v;
    if (v == 0) {
      ++s.zero_count;
      continue;
    }
    s.abs_max = std::max(s.abs_max, std::abs(v));
    const int octave = std::ilogb(v);
    ++s.histogram[std::clamp(octave - Sketch::kMinExponent, 0, Sketch::kBins - 1)];
    const double significand = std::scalbn(std::abs(v), -octave);
    for (std::size_t f = 0; f < kNumberFormatCount; ++f) {
      count_loss(octave + log2_scale, significand, detail::kFormatLimits[f], s.format_loss[f]);
    }
  }
  if (s.finite_count() == 0) return s;
  // Two passes: the second one also takes back the rounding of the first sum (Chan, Golub, LeVeque
  // 1983).
  const auto n = static_cast<double>(s.finite_count());
  const double first_mean = sum / n;
  double sum_d = 0, sum_dd = 0;
  for (const T value : x) {
    if (!std::isfinite(value)) continue;
    const double d = value - first_mean;
    sum_d += d;
    sum_dd += d * d;
  }
  s.mean = first_mean + sum_d / n;
  s.m2 = std::max(0.0, sum_dd - sum_d * (sum_d / n));
  return s;
}

}  // namespace

Sketch sketch_reference(ConstView x, int log2_scale) {
  return dispatch(x.dtype, [&](auto t) { return plain_sketch(x.as<decltype(t)>(), log2_scale); });
}

}  // namespace plumb
