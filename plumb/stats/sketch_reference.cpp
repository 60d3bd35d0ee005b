// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "plumb/stats/format_limits.h"
#include "plumb/stats/sketch.h"

namespace plumb {
namespace {

/// A true magnitude, significand * 2^exponent.
struct TrueMagnitude {
  double exponent;          ///< a whole number, of any size
  long double significand;  ///< 1 <= significand < 2
  bool is_exact;            ///< else it is not quite that number, and on no limit
};

TrueMagnitude true_magnitude(double value, double log2_scale) {
  const int octave = std::ilogb(value);
  const long double significand = std::scalbn(static_cast<long double>(std::abs(value)), -octave);
  const double whole = std::floor(log2_scale);
  if (whole == log2_scale) return {octave + whole, significand, true};
  const long double grown = significand * std::exp2(static_cast<long double>(log2_scale) -
                                                    static_cast<long double>(whole));
  return grown < 2 ? TrueMagnitude{octave + whole, grown, false}
                   : TrueMagnitude{octave + whole + 1, grown / 2, false};
}

void count_loss(const TrueMagnitude& x, const detail::FormatLimits& limits, FormatLoss& loss) {
  const bool flushed = x.exponent < limits.flush_exponent ||
                       (x.exponent == limits.flush_exponent && x.significand == 1 && x.is_exact);
  loss.flushed += flushed;
  loss.subnormal += !flushed && x.exponent < limits.normal_exponent;
  const auto limit = static_cast<long double>(limits.overflow_significand);
  loss.overflowed += x.exponent > limits.overflow_exponent ||
                     (x.exponent == limits.overflow_exponent &&
                      (x.significand > limit || (limits.overflow_tie && x.significand == limit)));
}

double of_binary16(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 0x1f, fraction = bits & 0x3ff;
  double magnitude = std::ldexp(fraction, -24);
  if (exponent == 0x1f) {
    magnitude = fraction == 0 ? std::numeric_limits<double>::infinity()
                              : std::numeric_limits<double>::quiet_NaN();
  } else if (exponent > 0) {
    magnitude = std::ldexp(0x400 + fraction, exponent - 25);
  }
  return bits >> 15 == 0 ? magnitude : -magnitude;
}

double element(const StridedView& x, std::int64_t offset) {
  switch (x.type) {
    case ElementType::f16: return of_binary16(static_cast<const std::uint16_t*>(x.data)[offset]);
    case ElementType::bf16: {
      const std::uint32_t bits = static_cast<const std::uint16_t*>(x.data)[offset];
      return static_cast<double>(std::bit_cast<float>(bits << 16));
    }
    case ElementType::f32: return static_cast<double>(static_cast<const float*>(x.data)[offset]);
    case ElementType::f64: return static_cast<const double*>(x.data)[offset];
  }
  return 0;
}

template <class Take>
void for_each_value(const StridedView& x, const Take& take) {
  StridedView::Axes index{};
  for (std::int64_t left = x.size(); left > 0; --left) {
    std::int64_t offset = 0;
    for (int axis = 0; axis < x.rank; ++axis) offset += index[axis] * x.strides[axis];
    take(element(x, offset));
    for (int axis = x.rank; axis-- > 0;) {
      if (++index[axis] < x.sizes[axis]) break;
      index[axis] = 0;
    }
  }
}

}  // namespace

Sketch sketch_reference(const StridedView& x, double log2_scale) {
  Sketch s;
  s.count = static_cast<std::uint64_t>(x.size());
  s.log2_scale = log2_scale;
  long double sum = 0;  // squares of all doubles are in its range
  for_each_value(x, [&](double v) {
    if (!std::isfinite(v)) {
      ++s.nonfinite_count;
      return;
    }
    sum += static_cast<long double>(v);
    if (v == 0) {
      ++s.zero_count;
      return;
    }
    s.abs_max = std::max(s.abs_max, std::abs(v));
    ++s.histogram[std::clamp(std::ilogb(v) - Sketch::kMinExponent, 0, Sketch::kBins - 1)];
    const TrueMagnitude magnitude = true_magnitude(v, log2_scale);
    for (std::size_t f = 0; f < kNumberFormatCount; ++f) {
      count_loss(magnitude, detail::kFormatLimits[f], s.format_loss[f]);
    }
  });
  if (s.finite_count() == 0) return s;
  // Two passes: the second one also takes back the rounding of the first sum (Chan, Golub, LeVeque
  // 1983).
  const auto n = static_cast<long double>(s.finite_count());
  const long double first_mean = sum / n;
  long double sum_d = 0, sum_dd = 0;
  for_each_value(x, [&](double v) {
    if (!std::isfinite(v)) return;
    const long double d = static_cast<long double>(v) - first_mean;
    sum_d += d;
    sum_dd += d * d;
  });
  s.mean = static_cast<double>(first_mean + sum_d / n);
  s.m2 = static_cast<double>(std::max(0.0L, sum_dd - sum_d * (sum_d / n)));
  return s;
}

Sketch sketch_reference(ConstView x, double log2_scale) {
  return sketch_reference(StridedView(x), log2_scale);
}

}  // namespace plumb
