// SPDX-License-Identifier: Apache-2.0
// Included once for each instruction set, by sources that are compiled by foreach_target.h.
#if defined(PLUMB_STATS_DOUBLE_PASS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLUMB_STATS_DOUBLE_PASS_INL_H_
#undef PLUMB_STATS_DOUBLE_PASS_INL_H_
#else
#define PLUMB_STATS_DOUBLE_PASS_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "plumb/stats/exponent_keys-inl.h"
#include "plumb/stats/magnitude_keys-inl.h"
#include "plumb/stats/pass-inl.h"

HWY_BEFORE_NAMESPACE();
namespace plumb::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// So many doubles and their keys lie in the smallest first-level cache. Whole groups of keys.
inline constexpr std::size_t kDoubleBlock = std::min<std::size_t>(kBlock, 1920);
static_assert(kDoubleBlock % kKeyGroup == 0);

inline constexpr std::uint64_t kDoubleMagnitude = 0x7fffffffffffffff;
inline constexpr std::uint64_t kDoubleFraction = 0x000fffffffffffff;
inline constexpr std::uint64_t kDoubleInfinity = 0x7ff0000000000000;

/// The upper 32 bits of a double's magnitude: exponent and 20 bits of fraction.
constexpr std::uint32_t high_of_exponent(int exponent) {
  return static_cast<std::uint32_t>(exponent + 1023) << 20;
}
inline constexpr std::uint32_t kDoubleInfinityHigh = kDoubleInfinity >> 32;
inline constexpr std::uint32_t kLeastFloatHigh = high_of_exponent(-126);
/// Squares of doubles sum up without overflow, and without loss below, while the largest is in
/// here.
inline constexpr std::uint32_t kDoubleSafeLowHigh = high_of_exponent(-480);
inline constexpr std::uint32_t kDoubleSafeHighHigh = high_of_exponent(480);

/// The histogram's bin: what is outside of float's range falls into the first and the last one.
inline constexpr std::uint32_t kFirstOctave = 1023 - 127, kLastOctave = 1023 + 127;
constexpr int octave_of_high(std::uint32_t high) {
  return static_cast<int>(std::clamp(high >> 20, kFirstOctave, kLastOctave) - kFirstOctave);
}

/// What the one pass over the doubles of a block finds.
struct DoublePass {
  double sum = 0, squares = 0;
  std::uint64_t max_bits = 0;           ///< of the largest magnitude
  std::uint32_t max_high = 0;           ///< kDoubleInfinityHigh or more if a value is not finite
  std::uint32_t min_high = 0x7fffffff;  ///< of the smallest magnitude
  bool may_have_powers = false;         ///< false: no value is zero or a power of two
};

HWY_INLINE void store_key(Key* to, int octave) {
  *to = static_cast<Key>(sizeof(Key) == 1 ? octave : octave << 23);
}

HWY_INLINE void read_one(double value, Key* key, DoublePass& pass) {
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(value) & kDoubleMagnitude;
  const auto high = static_cast<std::uint32_t>(bits >> 32);
  pass.sum += value;
  pass.squares += value * value;
  pass.max_bits = std::max(pass.max_bits, bits);
  pass.max_high = std::max(pass.max_high, high);
  pass.min_high = std::min(pass.min_high, high);
  pass.may_have_powers |= (bits & kDoubleFraction) == 0;
  store_key(key, octave_of_high(high));
}

/// The largest magnitude where arithmetic finds none: if it treats subnormals as zero.
HWY_NOINLINE std::uint64_t largest_double_bits(const double* x, std::size_t n) {
  std::uint64_t largest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    largest = std::max(largest, std::bit_cast<std::uint64_t>(x[i]) & kDoubleMagnitude);
  }
  return largest;
}

#if HWY_TARGET != HWY_SCALAR
/// Reads whole vectors of x[0, n); returns how many values these are.
HWY_INLINE std::size_t read_vectors(const double* x, std::size_t n, Key* keys, std::size_t asking,
                                    DoublePass& pass) {
  const hn::ScalableTag<double> dd;
  const hn::RebindToUnsigned<decltype(dd)> du64;
  const hn::RepartitionToNarrow<decltype(du64)> du32;
  const hn::RebindToSigned<decltype(du32)> di32;
  const std::size_t lanes = hn::Lanes(dd);
  const auto magnitude_mask = hn::Set(di32, 0x7fffffff);
  const auto fraction_mask = hn::Set(du64, kDoubleFraction);
  const auto first = hn::Set(di32, kFirstOctave), last = hn::Set(di32, kLastOctave);
  auto sum0 = hn::Zero(dd), sum1 = hn::Zero(dd), sum2 = hn::Zero(dd), sum3 = hn::Zero(dd);
  auto squares0 = hn::Zero(dd), squares1 = hn::Zero(dd), squares2 = hn::Zero(dd),
       squares3 = hn::Zero(dd);
  auto max0 = hn::Zero(dd), max1 = hn::Zero(dd);
  auto max_high = hn::Zero(di32), min_high = magnitude_mask;
  auto has_power0 = hn::MaskFromVec(hn::Zero(du64)), has_power1 = has_power0;

  const auto add = [&](auto v, auto& sum, auto& squares, auto& max, auto& has_power) HWY_ATTR {
    sum = hn::Add(sum, v);
    squares = hn::MulAdd(v, v, squares);
    max = hn::Max(max, hn::Abs(v));
    const auto fraction = hn::And(hn::BitCast(du64, v), fraction_mask);
    has_power = hn::Or(has_power, hn::Eq(fraction, hn::Zero(du64)));
  };
  const auto scan = [&](auto a, auto b, Key* to) HWY_ATTR {
    const auto high =
        hn::And(hn::BitCast(di32, hn::ConcatOdd(du32, hn::BitCast(du32, b), hn::BitCast(du32, a))),
                magnitude_mask);
    max_high = hn::Max(max_high, high);
    min_high = hn::Min(min_high, high);
    const auto exponent = hn::ShiftRight<20>(high);
    const auto octave = hn::Sub(hn::Min(hn::Max(exponent, first), last), first);
#if HWY_TARGET <= HWY_AVX3
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8(octave.raw));
#else
    hn::StoreU(hn::ShiftLeft<23>(hn::BitCast(du32, octave)), du32, to);
#endif
  };
  std::size_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    const auto a = hn::LoadU(dd, x + i), b = hn::LoadU(dd, x + i + lanes);
    const auto c = hn::LoadU(dd, x + i + 2 * lanes), d = hn::LoadU(dd, x + i + 3 * lanes);
    if (i < asking) prefetch_ahead(x + i, 4 * lanes * sizeof(double));
    scan(a, b, keys + i);
    scan(c, d, keys + i + 2 * lanes);
    add(a, sum0, squares0, max0, has_power0);
    add(b, sum1, squares1, max1, has_power1);
    add(c, sum2, squares2, max0, has_power0);
    add(d, sum3, squares3, max1, has_power1);
  }
  pass.sum = hn::GetLane(hn::SumOfLanes(dd, hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3))));
  pass.squares = hn::GetLane(
      hn::SumOfLanes(dd, hn::Add(hn::Add(squares0, squares1), hn::Add(squares2, squares3))));
  pass.max_bits =
      std::bit_cast<std::uint64_t>(hn::GetLane(hn::MaxOfLanes(dd, hn::Max(max0, max1))));
  pass.max_high = static_cast<std::uint32_t>(hn::GetLane(hn::MaxOfLanes(di32, max_high)));
  pass.min_high = static_cast<std::uint32_t>(hn::GetLane(hn::MinOfLanes(di32, min_high)));
  pass.may_have_powers = !hn::AllFalse(du64, hn::Or(has_power0, has_power1));
  return i;
}
#endif

/// Reads x[0, n), n at most kDoubleBlock, and writes a key for each value, of its octave, and keys
/// of zero up to a multiple of kKeyGroup. While it reads the first `asking` values, it asks for
/// what lies kAheadBytes further on.
HWY_INLINE DoublePass read_doubles(const double* x, std::size_t n, Key* keys, std::size_t asking) {
  DoublePass pass;
  std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  i = read_vectors(x, n, keys, asking, pass);
#else
  (void)asking;
#endif
  for (; i < n; ++i) read_one(x[i], keys + i, pass);
  for (; i % kKeyGroup != 0; ++i) keys[i] = 0;
  if (pass.max_bits == 0) pass.max_bits = largest_double_bits(x, n);
  return pass;
}

/// Sums over a block's doubles, of which each gave d = 2^log2_factor * x - pivot.
struct DoubleMoments {
  int log2_factor = 0;
  double pivot = 0;
  double sum_d = 0;
  double sum_dd = 0;  ///< of d^2
};

/// Moments about a value near the mean, of values brought to a safe range: digits are lost neither
/// to a large mean nor to the exponent. The pivot is a mean of a power of two of values, added in
/// pairs, so that equal values have exactly themselves as their mean.
HWY_NOINLINE DoubleMoments double_moments_about_pivot(const double* x, std::size_t n,
                                                      int log2_factor) {
  const hn::ScalableTag<double> dd;
  const std::size_t lanes = hn::Lanes(dd);
  const double factor_value = std::ldexp(1.0, log2_factor);
  constexpr std::size_t kHead = 64;
  std::array<double, kHead> head{};
  const std::size_t used = std::min(kHead, std::bit_floor(n));
  for (std::size_t i = 0; i < used; ++i) head[i] = x[i] * factor_value;
  for (std::size_t left = used / 2; left > 0; left /= 2) {
    for (std::size_t i = 0; i < left; ++i) head[i] += head[left + i];
  }
  DoubleMoments moments{log2_factor, head[0] / static_cast<double>(used)};
  const auto factor = hn::Set(dd, factor_value), pivot = hn::Set(dd, moments.pivot);
  auto sum_d0 = hn::Zero(dd), sum_d1 = hn::Zero(dd), sum_d2 = hn::Zero(dd), sum_d3 = hn::Zero(dd);
  auto sum_dd0 = hn::Zero(dd), sum_dd1 = hn::Zero(dd), sum_dd2 = hn::Zero(dd),
       sum_dd3 = hn::Zero(dd);
  const auto add = [&](std::size_t i, auto& sum_d, auto& sum_dd) HWY_ATTR {
    const auto d = hn::MulSub(hn::LoadU(dd, x + i), factor, pivot);
    sum_d = hn::Add(sum_d, d);
    sum_dd = hn::MulAdd(d, d, sum_dd);
  };
  std::size_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    add(i, sum_d0, sum_dd0);
    add(i + lanes, sum_d1, sum_dd1);
    add(i + 2 * lanes, sum_d2, sum_dd2);
    add(i + 3 * lanes, sum_d3, sum_dd3);
  }
  const auto sum_d = hn::Add(hn::Add(sum_d0, sum_d1), hn::Add(sum_d2, sum_d3));
  const auto sum_dd = hn::Add(hn::Add(sum_dd0, sum_dd1), hn::Add(sum_dd2, sum_dd3));
  moments.sum_d = hn::GetLane(hn::SumOfLanes(dd, sum_d));
  moments.sum_dd = hn::GetLane(hn::SumOfLanes(dd, sum_dd));
  for (; i < n; ++i) {
    const double d = x[i] * factor_value - moments.pivot;
    moments.sum_d += d;
    moments.sum_dd += d * d;
  }
  return moments;
}

/// Calls take(magnitudes) for each vector of signed 64-bit magnitude bits of x[0, n); returns how
/// many values these are.
template <class Take>
HWY_INLINE std::size_t for_each_magnitude(const double* x, std::size_t n, const Take& take) {
  const hn::ScalableTag<std::int64_t> di;
  const auto mask = hn::Set(di, static_cast<std::int64_t>(kDoubleMagnitude));
  const auto* const bits = reinterpret_cast<const std::int64_t*>(x);
  std::size_t i = 0;
  for (; i + hn::Lanes(di) <= n; i += hn::Lanes(di)) take(hn::And(hn::LoadU(di, bits + i), mask));
  return i;
}

/// Number of i < n with magnitude bits of x[i] below `end`; equal to `bits`.
HWY_NOINLINE std::uint64_t count_below(const double* x, std::size_t n, std::uint64_t end) {
  const hn::ScalableTag<std::int64_t> di;
  const auto end_of_lane = hn::Set(di, static_cast<std::int64_t>(end));
  std::size_t count = 0;
  std::size_t i = for_each_magnitude(
      x, n, [&](auto v) HWY_ATTR { count += hn::CountTrue(di, hn::Lt(v, end_of_lane)); });
  for (; i < n; ++i) count += (std::bit_cast<std::uint64_t>(x[i]) & kDoubleMagnitude) < end;
  return count;
}
HWY_NOINLINE std::uint64_t count_equal(const double* x, std::size_t n, std::uint64_t bits) {
  const hn::ScalableTag<std::int64_t> di;
  const auto bits_of_lane = hn::Set(di, static_cast<std::int64_t>(bits));
  std::size_t count = 0;
  std::size_t i = for_each_magnitude(
      x, n, [&](auto v) HWY_ATTR { count += hn::CountTrue(di, hn::Eq(v, bits_of_lane)); });
  for (; i < n; ++i) count += (std::bit_cast<std::uint64_t>(x[i]) & kDoubleMagnitude) == bits;
  return count;
}

/// The values of a block that are not zero, of which there are some.
struct NonzeroOfBlock {
  std::uint32_t count = 0;
  std::uint32_t min_high = 0;
  bool may_have_powers = false;
};

HWY_NOINLINE NonzeroOfBlock scan_zeros(const double* x, std::size_t n) {
  const hn::ScalableTag<std::int64_t> di;
  const auto fraction_mask = hn::Set(di, static_cast<std::int64_t>(kDoubleFraction));
  const auto most = hn::Set(di, static_cast<std::int64_t>(kDoubleMagnitude));
  auto min = most;
  std::size_t zeros = 0, fractionless = 0;
  std::size_t i = for_each_magnitude(x, n, [&](auto v) HWY_ATTR {
    const auto is_zero = hn::Eq(v, hn::Zero(di));
    zeros += hn::CountTrue(di, is_zero);
    fractionless += hn::CountTrue(di, hn::Eq(hn::And(v, fraction_mask), hn::Zero(di)));
    min = hn::Min(min, hn::IfThenElse(is_zero, most, v));
  });
  auto least = static_cast<std::uint64_t>(hn::GetLane(hn::MinOfLanes(di, min)));
  for (; i < n; ++i) {
    const std::uint64_t v = std::bit_cast<std::uint64_t>(x[i]) & kDoubleMagnitude;
    zeros += v == 0;
    fractionless += (v & kDoubleFraction) == 0;
    if (v != 0) least = std::min(least, v);
  }
  return {static_cast<std::uint32_t>(n - zeros), static_cast<std::uint32_t>(least >> 32),
          fractionless != zeros};
}

}  // namespace plumb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
