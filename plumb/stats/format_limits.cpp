// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/format_limits.h"

#include <algorithm>
#include <bit>

namespace plumb::detail {
namespace {

enum class From : std::uint8_t { at, beyond };

/// The bits of the smallest positive float at or beyond significand * 2^exponent.
std::uint32_t smallest_bits(std::int64_t exponent, float significand, From from) {
  constexpr std::uint32_t kOne = 0x3f800000, kLeadingOne = 0x00800000;
  if (exponent > 127) return kInfinityBits;
  const std::uint32_t fraction = std::bit_cast<std::uint32_t>(significand) - kOne;
  if (exponent >= -126) {
    return ((static_cast<std::uint32_t>(exponent + 127) << 23) | fraction) + (from == From::beyond);
  }
  const std::int64_t shift = -126 - exponent;  // subnormal: the significand loses its last bits
  if (shift > 24) return 1;
  const std::uint32_t units = kLeadingOne | fraction;
  const bool has_rest = (units & ((std::uint32_t{1} << shift) - 1)) != 0;
  return (units >> shift) + (has_rest || from == From::beyond);
}

}  // namespace

FloatLimits float_limits(int log2_scale) {
  FloatLimits out{};
  for (std::size_t f = 0; f < kNumberFormatCount; ++f) {
    const FormatLimits& limits = kFormatLimits[f];
    const auto stored = [&](int exponent) { return std::int64_t{exponent} - log2_scale; };
    out.begin[f][FloatLimits::kNotFlushed] =
        smallest_bits(stored(limits.flush_exponent), 1.0f, From::beyond);
    out.begin[f][FloatLimits::kNormal] =
        smallest_bits(stored(limits.normal_exponent), 1.0f, From::at);
    out.begin[f][FloatLimits::kOverflowed] = smallest_bits(
        stored(limits.overflow_exponent), static_cast<float>(limits.overflow_significand),
        limits.overflow_tie ? From::at : From::beyond);
  }
  return out;
}

SketchLimits sketch_limits(int log2_scale) {
  SketchLimits out;
  out.is_set = true;
  out.log2_scale = log2_scale;
  out.lowest_sharp_exponent = kInfinityBits >> 23;
  const FloatLimits limits = float_limits(log2_scale);
  for (std::size_t i = 0; i < kAllLimits; ++i) {
    const std::uint32_t begin = limits.begin[i % kNumberFormatCount][i / kNumberFormatCount];
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

}  // namespace plumb::detail
