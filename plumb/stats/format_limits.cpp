// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/format_limits.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace plumb::detail {
namespace {

enum class From : std::uint8_t { at, beyond };

/// A limit on stored values: significand * 2^exponent, 1 <= significand < 2.
struct StoredLimit {
  std::int64_t exponent;
  long double significand;
  From from;
};

/// Of values that stand for themselves times 2^log2_scale.
StoredLimit stored(StoredLimit limit, double log2_scale) {
  // Beyond this nothing lies within the limit, or everything.
  constexpr double kMost = 1e6;
  const double scale = std::clamp(log2_scale, -kMost, kMost);
  const double whole = std::nearbyint(scale), rest = scale - whole;  // exact
  limit.exponent -= static_cast<std::int64_t>(whole);
  if (rest == 0) return limit;
  // A power of two with a fraction in its exponent is irrational: between two numbers always, also
  // where rounding says otherwise.
  long double significand = limit.significand * std::exp2(-static_cast<long double>(rest));
  if (rest > 0 && significand >= limit.significand) {
    significand = std::nextafter(limit.significand, 0.0L);
  } else if (rest < 0 && significand <= limit.significand) {
    significand = std::nextafter(limit.significand, 4.0L);
  }
  if (significand < 1) return {limit.exponent - 1, significand * 2, From::beyond};
  if (significand >= 2) return {limit.exponent + 1, significand / 2, From::beyond};
  return {limit.exponent, significand, From::beyond};
}

/// The bits of the smallest positive T at or beyond the limit; what its significand has beyond T's
/// digits counts only where it is beyond.
template <class T, class Bits>
Bits smallest_bits(const StoredLimit& limit) {
  constexpr int kDigits = std::numeric_limits<T>::digits, kFractionBits = kDigits - 1;
  constexpr int kMostExponent = std::numeric_limits<T>::max_exponent - 1;
  constexpr int kLeastExponent = std::numeric_limits<T>::min_exponent - 1;
  const auto of_exponent = [](std::int64_t exponent) {
    return static_cast<Bits>(exponent + kMostExponent) << kFractionBits;
  };
  if (limit.exponent > kMostExponent) return of_exponent(kMostExponent + 1);
  const Bits leading_one = Bits{1} << kFractionBits;
  const auto units = static_cast<Bits>(limit.significand * static_cast<long double>(leading_one));
  const bool is_beyond = limit.from == From::beyond;
  if (limit.exponent >= kLeastExponent) {
    return of_exponent(limit.exponent) + (units - leading_one) + (is_beyond ? 1 : 0);
  }
  const std::int64_t shift = kLeastExponent - limit.exponent;  // subnormal: loses its last bits
  if (shift > kDigits) return 1;
  const bool has_rest = (units & ((Bits{1} << shift) - 1)) != 0;
  return (units >> shift) + (has_rest || is_beyond ? 1 : 0);
}

template <class T, class Bits>
Limits<Bits> limits_on(double log2_scale) {
  Limits<Bits> out{};
  for (std::size_t f = 0; f < kNumberFormatCount; ++f) {
    const FormatLimits& of = kFormatLimits[f];
    const auto set = [&](Limit which, int exponent, double significand, From from) {
      const StoredLimit limit{exponent, static_cast<long double>(significand), from};
      out[which * kNumberFormatCount + f] = smallest_bits<T, Bits>(stored(limit, log2_scale));
    };
    set(kNotFlushed, of.flush_exponent, 1.0, From::beyond);
    set(kNormal, of.normal_exponent, 1.0, From::at);
    set(kOverflowed, of.overflow_exponent, of.overflow_significand,
        of.overflow_tie ? From::at : From::beyond);
  }
  return out;
}

}  // namespace

Limits<std::uint32_t> float_limits(double log2_scale) {
  return limits_on<float, std::uint32_t>(log2_scale);
}

Limits<std::uint64_t> double_limits(double log2_scale) {
  return limits_on<double, std::uint64_t>(log2_scale);
}

SketchLimits sketch_limits(double log2_scale) {
  SketchLimits out;
  out.is_set = true;
  out.log2_scale = log2_scale;
  out.lowest_sharp_exponent = kInfinityBits >> 23;
  const Limits<std::uint32_t> limits = float_limits(log2_scale);
  for (std::size_t i = 0; i < kAllLimits; ++i) {
    const std::uint32_t begin = limits[i];
    const std::uint32_t exponent = begin >> 23;
    out.exponents[i] = static_cast<std::int32_t>(exponent);
    const bool at_edge = begin == exponent << 23 || begin == 1;
    const bool after_power = begin == (exponent << 23) + 1 && exponent > 0;
    if (at_edge) continue;
    out.inner[out.inner_count++] = {begin, exponent, after_power, static_cast<std::uint8_t>(i)};
    if (!after_power && exponent > 0) {
      out.lowest_sharp_exponent = std::min(out.lowest_sharp_exponent, exponent);
    }
  }
  return out;
}

DoubleSketchLimits double_sketch_limits(double log2_scale) {
  constexpr int kFractionBits = std::numeric_limits<double>::digits - 1;
  constexpr int kFirstOctave = std::numeric_limits<double>::max_exponent - 1 + Sketch::kMinExponent;
  DoubleSketchLimits out;
  out.is_set = true;
  out.log2_scale = log2_scale;
  const Limits<std::uint64_t> limits = double_limits(log2_scale);
  for (std::size_t i = 0; i < kAllLimits; ++i) {
    const std::uint64_t begin = limits[i], edge = begin >> kFractionBits << kFractionBits;
    out.limits[i].begin = begin;
    const int octave = static_cast<int>(begin >> kFractionBits) - kFirstOctave;
    // The first bin has no lower edge, and the last one, infinity being none, no upper edge.
    if (begin - edge > 1 || octave <= 0 || octave >= Sketch::kBins) continue;
    out.limits[i].octave = octave;
    out.limits[i].after_power = begin != edge;
  }
  return out;
}

}  // namespace plumb::detail
