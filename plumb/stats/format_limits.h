// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "plumb/stats/sketch.h"

namespace plumb::detail {

/// Where a number format begins to lose values under rounding to nearest, ties to even. Every limit
/// is a power of two but the last, which is given by its octave and significand.
///
/// Source  IEEE 754-2019 (fp16); Micikevicius et al. 2022, arXiv:2209.05433, table 1 (fp8; e4m3 has
///         no infinity, so that 480 is not a number and 448 the largest one).
struct FormatLimits {
  int flush_exponent;     ///< |x| <= 2^flush_exponent, half the smallest subnormal, rounds to zero
  int normal_exponent;    ///< 2^normal_exponent is the smallest normal number
  int overflow_exponent;  ///< |x| beyond overflow_significand * 2^overflow_exponent, halfway
                          ///< between
  double overflow_significand;  ///< the largest number and the next one, overflows
  bool overflow_tie;            ///< whether the halfway point itself does
};

/// In the order of NumberFormat.
inline constexpr std::array<FormatLimits, kNumberFormatCount> kFormatLimits{{
    {-25, -14, 15, 65520.0 / 32768.0, true},     // fp16: largest 65504, odd
    {-134, -126, 127, 2.0 - 1.0 / 256.0, true},  // bf16: largest (2 - 2^-7) * 2^127, odd
    {-10, -6, 8, 464.0 / 256.0, false},          // fp8_e4m3: largest 448, even
    {-17, -14, 15, 61440.0 / 32768.0, true},     // fp8_e5m2: largest 57344, odd
}};

/// One past the largest finite float, as bits.
inline constexpr std::uint32_t kInfinityBits = 0x7f800000;

enum Limit : std::uint8_t { kNotFlushed, kNormal, kOverflowed };
inline constexpr std::size_t kLimits = 3;
inline constexpr std::size_t kAllLimits = kNumberFormatCount * kLimits;

/// The same limits on the magnitude bits of a float or a double (its bits without the sign), which
/// order as the numbers do: a non-zero finite x, standing for x * 2^log2_scale,
///   is flushed      below begin[kNotFlushed of its format]
///   is subnormal    from there on, below begin[kNormal]
///   is overflowed   from begin[kOverflowed] on.
/// Limit i of all is Limit i / 4 of NumberFormat i % 4. Every entry is in [1, bits of infinity],
/// exact for any whole scale, where numbers are subnormal too. A limit of any other scale is no
/// number, but lies between two; it is known to 2^-62 of itself.
template <class Bits>
using Limits = std::array<Bits, kAllLimits>;
Limits<std::uint32_t> float_limits(double log2_scale);
Limits<std::uint64_t> double_limits(double log2_scale);

/// A limit of a number format inside an octave, where counts of whole octaves do not tell.
struct InnerLimit {
  std::uint32_t begin;     ///< bits
  std::uint32_t exponent;  ///< of begin, biased
  bool after_power;        ///< begin is the successor of a power of two, which alone is below it
  std::uint8_t index;      ///< among all limits
};

/// All that the fast sketch of floats needs to know of one scale.
struct SketchLimits {
  static constexpr std::size_t kPadded = 16;  ///< of which kAllLimits are limits: a vector
  bool is_set = false;
  double log2_scale = 0;
  alignas(64) std::array<std::int32_t, kPadded> exponents{};  ///< of all limits, biased
  std::size_t inner_count = 0;
  std::array<InnerLimit, kAllLimits> inner{};
  /// The smallest exponent above 0 of an inner limit that is not after_power.
  std::uint32_t lowest_sharp_exponent = 0;
};
SketchLimits sketch_limits(double log2_scale);

/// A limit on doubles.
struct DoubleSketchLimit {
  std::uint64_t begin = 1;   ///< bits
  int octave = -1;           ///< the histogram's bin whose lower edge is the limit, or else -1
  bool after_power = false;  ///< the limit is the successor of that edge, which alone is below it
};
struct DoubleSketchLimits {
  bool is_set = false;
  double log2_scale = 0;
  std::array<DoubleSketchLimit, kAllLimits> limits{};
};
DoubleSketchLimits double_sketch_limits(double log2_scale);

}  // namespace plumb::detail
