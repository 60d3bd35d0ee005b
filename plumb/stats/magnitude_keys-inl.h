// SPDX-License-Identifier: Apache-2.0
// Included once for each instruction set, by sources that are compiled by foreach_target.h.
#if defined(PLUMB_STATS_MAGNITUDE_KEYS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLUMB_STATS_MAGNITUDE_KEYS_INL_H_
#undef PLUMB_STATS_MAGNITUDE_KEYS_INL_H_
#else
#define PLUMB_STATS_MAGNITUDE_KEYS_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "plumb/stats/octave_counter-inl.h"
#include "plumb/stats/pass-inl.h"

#if HWY_TARGET > HWY_AVX3  // which has exponent_keys-inl.h

HWY_BEFORE_NAMESPACE();
namespace plumb::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// What is kept of a value of a block for counting: its magnitude bits.
using Key = std::uint32_t;
inline constexpr std::size_t kKeyGroup = kOctaveGroup;
inline constexpr std::size_t kBlock =
    kOctaveMax;  // sums in float: four of at most 60 values a lane

/// Reads x[0, n), n at most kBlock, and writes a key for each value, and keys of zero up to a
/// multiple of kKeyGroup. `kEnlarged`: moments are of kEnlarge * x. While it reads the first
/// `asking` values, it asks for what lies kAheadBytes further on.
template <bool kEnlarged>
HWY_INLINE Pass read_block(const float* x, std::size_t n, Key* keys, std::size_t asking) {
  const hn::ScalableTag<float> df;
  const hn::RebindToUnsigned<decltype(df)> du;
  const hn::RebindToSigned<decltype(df)> di;
  const std::size_t lanes = hn::Lanes(df);
  const auto magnitude_mask = hn::Set(du, 0x7fffffff);
  const auto enlarge = hn::Set(df, kEnlarge);
  const auto fraction_mask = hn::Set(du, 0x007fffff);
  auto sum0 = hn::Zero(df), sum1 = hn::Zero(df), sum2 = hn::Zero(df), sum3 = hn::Zero(df);
  auto squares0 = hn::Zero(df), squares1 = hn::Zero(df), squares2 = hn::Zero(df),
       squares3 = hn::Zero(df);
  auto max0 = hn::Zero(di), max1 = hn::Zero(di);
  std::size_t no_fraction_count = 0;

  const auto scan = [&](auto value, std::size_t i, auto& max) HWY_ATTR {
    const auto magnitude = hn::And(hn::BitCast(du, value), magnitude_mask);
    hn::Store(magnitude, du, keys + i);
    max = hn::Max(max, hn::BitCast(di, magnitude));
    no_fraction_count += count_without_bits(magnitude, fraction_mask);
  };
  const auto add = [&](auto value, auto& sum, auto& squares) HWY_ATTR {
    const auto d = kEnlarged ? hn::Mul(value, enlarge) : value;
    sum = hn::Add(sum, d);
    squares = hn::MulAdd(d, d, squares);
  };

  std::size_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    const auto x0 = hn::LoadU(df, x + i), x1 = hn::LoadU(df, x + i + lanes);
    const auto x2 = hn::LoadU(df, x + i + 2 * lanes), x3 = hn::LoadU(df, x + i + 3 * lanes);
    if (i < asking) prefetch_ahead(x + i, 4 * lanes * sizeof(float));
    scan(x0, i, max0);
    scan(x1, i + lanes, max1);
    scan(x2, i + 2 * lanes, max0);
    scan(x3, i + 3 * lanes, max1);
    add(x0, sum0, squares0);
    add(x1, sum1, squares1);
    add(x2, sum2, squares2);
    add(x3, sum3, squares3);
  }
  for (; i + lanes <= n; i += lanes) {
    const auto x0 = hn::LoadU(df, x + i);
    scan(x0, i, max0);
    add(x0, sum0, squares0);
  }
  if (i < n) {
    HWY_ALIGN float rest[HWY_MAX_BYTES / sizeof(float)] = {};
    std::memcpy(rest, x + i, (n - i) * sizeof(float));
    const auto x0 = hn::Load(df, rest);
    scan(x0, i, max1);
    no_fraction_count -= lanes - (n - i);
    add(x0, sum1, squares1);
    i += lanes;
  }
  for (; i % kOctaveGroup != 0; i += lanes) hn::Store(hn::Zero(du), du, keys + i);

  Pass pass;
  pass.moments = {kEnlarged ? kEnlarge : 1.0f, 0.0,
                  sum_in_double(hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3))),
                  sum_in_double(hn::Add(hn::Add(squares0, squares1), hn::Add(squares2, squares3)))};
  pass.max_bits = static_cast<std::uint32_t>(hn::GetLane(hn::MaxOfLanes(di, hn::Max(max0, max1))));
  pass.may_have_powers = no_fraction_count > 0;
  return pass;
}

/// Calls take(magnitude bits) for each value x[i], i < n, in an octave under `lowest`.
template <class Take>
HWY_INLINE void for_each_under(const float* /*x*/, const Key* keys, std::size_t n, int lowest,
                               const Take& take) {
  const hn::ScalableTag<std::int32_t> di;
  const auto lowest_bits = hn::Set(di, lowest << 23);
  for (std::size_t i = 0; i < n; i += hn::Lanes(di)) {
    const auto key = hn::Load(di, reinterpret_cast<const std::int32_t*>(keys + i));
    if (hn::AllFalse(di, hn::Lt(key, lowest_bits))) continue;
    for (std::size_t j = i; j < std::min(n, i + hn::Lanes(di)); ++j) {
      if (keys[j] < static_cast<std::uint32_t>(lowest) << 23) take(keys[j]);
    }
  }
}

}  // namespace plumb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // not AVX-512

#endif  // per-target include guard
