// SPDX-License-Identifier: Apache-2.0
// Included once for each instruction set, by sources that are compiled by foreach_target.h.
#if defined(PLUMB_STATS_READ_BLOCK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLUMB_STATS_READ_BLOCK_INL_H_
#undef PLUMB_STATS_READ_BLOCK_INL_H_
#else
#define PLUMB_STATS_READ_BLOCK_INL_H_
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "plumb/stats/octave_counter-inl.h"

HWY_BEFORE_NAMESPACE();
namespace plumb::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// What the one pass over the values of a block finds.
struct Pass {
  float factor;  ///< a power of two
  double pivot;
  double sum_d;   ///< of factor * x - pivot
  double sum_dd;  ///< of (factor * x - pivot)^2
  std::uint32_t max_bits;
  std::size_t no_fraction_count;  ///< zeros and powers of two
};

/// A value near the block's mean: the mean of its first values, of many so that no single outlier
/// sets it. They are a power of two and added in pairs, so that equal values have exactly
/// themselves as their mean.
HWY_INLINE float pivot_of(const float* x, std::size_t n) {
  const hn::ScalableTag<float> df;
  const std::size_t lanes = hn::Lanes(df);
  constexpr std::size_t kHead = 64;
  if (4 * lanes == kHead && n >= kHead) {
    const auto sum02 = hn::Add(hn::LoadU(df, x), hn::LoadU(df, x + 2 * lanes));
    const auto sum13 = hn::Add(hn::LoadU(df, x + lanes), hn::LoadU(df, x + 3 * lanes));
    return hn::GetLane(hn::SumOfLanes(df, hn::Add(sum02, sum13))) / kHead;
  }
  HWY_ALIGN float head[kHead] = {};
  const std::size_t used = std::min(kHead, std::bit_floor(n));
  std::copy_n(x, used, head);
  std::size_t left = used;
  for (; left > lanes; left /= 2) {
    for (std::size_t i = 0; i < left / 2; i += lanes) {
      const auto pairs = hn::Add(hn::Load(df, head + i), hn::LoadU(df, head + left / 2 + i));
      hn::Store(pairs, df, head + i);
    }
  }
  for (; left < lanes && left > 1; left /= 2) {
    for (std::size_t i = 0; i < left / 2; ++i) head[i] += head[left / 2 + i];
  }
  const float sum = used < lanes ? head[0] : hn::GetLane(hn::SumOfLanes(df, hn::Load(df, head)));
  return sum / static_cast<float>(used);
}

template <class VF>
HWY_INLINE double sum_in_double(VF v) {
#if HWY_TARGET == HWY_SCALAR
  return static_cast<double>(v.raw);
#else
  const hn::ScalableTag<double> dd;
  const hn::Rebind<float, decltype(dd)> half;
  const auto low = hn::PromoteTo(dd, hn::LowerHalf(half, v));
  const auto high = hn::PromoteTo(dd, hn::UpperHalf(half, v));
  return hn::GetLane(hn::SumOfLanes(dd, hn::Add(low, high)));
#endif
}

/// In how many lanes v has none of the bits of `mask`.
template <class VU>
HWY_INLINE std::size_t count_without_bits(VU v, VU mask) {
  const hn::ScalableTag<std::uint32_t> du;
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
  // One instruction, where And and Eq stay two.
  return hn::CountTrue(du, hn::Mask512<std::uint32_t>{_mm512_testn_epi32_mask(v.raw, mask.raw)});
#else
  return hn::CountTrue(du, hn::Eq(hn::And(v, mask), hn::Zero(du)));
#endif
}

/// Asks for what will be read two blocks later. The counting between two blocks gives the
/// hardware's own prefetcher too little to follow: without this a large tensor is read at three
/// quarters of the speed. As an address, not a pointer: past the tensor's end it is never read.
inline constexpr std::size_t kAheadBytes = 16384;
HWY_INLINE void prefetch_ahead(const float* x, std::size_t n) {
  constexpr std::size_t kLineBytes = 64;
  const auto ahead = reinterpret_cast<std::uintptr_t>(x) + kAheadBytes;
  for (std::size_t at = 0; at < n * sizeof(float); at += kLineBytes) {
    hwy::Prefetch(reinterpret_cast<const char*>(ahead + at));
  }
}

/// Squares of floats sum up in float without overflow, and without loss below, while the largest is
/// in here.
inline constexpr std::uint32_t kSafeLowBits = (127 - 50) << 23;
inline constexpr std::uint32_t kSafeHighBits = (127 + 50) << 23;

/// 2^100 where the values seem to lie below the safe range, else 1. Only a guess, for speed: a
/// square that underflows costs a hundred times what another one does.
HWY_INLINE float factor_for(float pivot) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(pivot) & 0x7fffffff;
  return bits != 0 && bits < kSafeLowBits - (4 << 23) ? 0x1p100f : 1.0f;
}

/// Reads x[0, n) and writes its magnitude bits, with zeros up to a multiple of kOctaveGroup. `bits`
/// may be x itself. The factor is 1 unless the pass `may_scale`. `goes_on`: more than kAheadBytes
/// of the same tensor follow, worth asking for.
HWY_INLINE Pass read_block(const float* x, std::size_t n, std::uint32_t* bits, bool may_scale,
                           bool goes_on) {
  const hn::ScalableTag<float> df;
  const hn::RebindToUnsigned<decltype(df)> du;
  const hn::RebindToSigned<decltype(df)> di;
  const std::size_t lanes = hn::Lanes(df);
  const auto magnitude_mask = hn::Set(du, 0x7fffffff);
  const auto fraction_mask = hn::Set(du, 0x007fffff);
  const float first_pivot = pivot_of(x, n);
  const float factor_value = may_scale ? factor_for(first_pivot) : 1.0f;
  const float pivot_value = first_pivot * factor_value;
  const auto factor = hn::Set(df, factor_value);
  const auto pivot = hn::Set(df, pivot_value);
  auto sum_d0 = hn::Zero(df), sum_d1 = hn::Zero(df), sum_d2 = hn::Zero(df), sum_d3 = hn::Zero(df);
  auto sum_dd0 = hn::Zero(df), sum_dd1 = hn::Zero(df), sum_dd2 = hn::Zero(df),
       sum_dd3 = hn::Zero(df);
  auto max0 = hn::Zero(di), max1 = hn::Zero(di);
  std::size_t no_fraction_count = 0;

  const auto look = [&](auto value, std::size_t i, auto& max) HWY_ATTR {
    const auto magnitude = hn::And(hn::BitCast(du, value), magnitude_mask);
    hn::Store(magnitude, du, bits + i);
    max = hn::Max(max, hn::BitCast(di, magnitude));
    no_fraction_count += count_without_bits(magnitude, fraction_mask);
  };
  const auto add = [&](auto d, auto& sum_d, auto& sum_dd) HWY_ATTR {
    sum_d = hn::Add(sum_d, d);
    sum_dd = hn::MulAdd(d, d, sum_dd);
  };

  std::size_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    const auto x0 = hn::LoadU(df, x + i), x1 = hn::LoadU(df, x + i + lanes);
    const auto x2 = hn::LoadU(df, x + i + 2 * lanes), x3 = hn::LoadU(df, x + i + 3 * lanes);
    if (goes_on) prefetch_ahead(x + i, 4 * lanes);
    look(x0, i, max0);
    look(x1, i + lanes, max1);
    look(x2, i + 2 * lanes, max0);
    look(x3, i + 3 * lanes, max1);
    add(hn::MulSub(x0, factor, pivot), sum_d0, sum_dd0);
    add(hn::MulSub(x1, factor, pivot), sum_d1, sum_dd1);
    add(hn::MulSub(x2, factor, pivot), sum_d2, sum_dd2);
    add(hn::MulSub(x3, factor, pivot), sum_d3, sum_dd3);
  }
  for (; i + lanes <= n; i += lanes) {
    const auto x0 = hn::LoadU(df, x + i);
    look(x0, i, max0);
    add(hn::MulSub(x0, factor, pivot), sum_d0, sum_dd0);
  }
  if (i < n) {
    HWY_ALIGN float rest[HWY_MAX_BYTES / sizeof(float)] = {};
    std::memcpy(rest, x + i, (n - i) * sizeof(float));
    const auto x0 = hn::Load(df, rest);
    look(x0, i, max1);
    no_fraction_count -= lanes - (n - i);
    add(hn::IfThenElseZero(hn::FirstN(df, n - i), hn::MulSub(x0, factor, pivot)), sum_d1, sum_dd1);
    i += lanes;
  }
  for (; i % kOctaveGroup != 0; i += lanes) hn::Store(hn::Zero(du), du, bits + i);

  Pass pass;
  pass.factor = factor_value;
  pass.pivot = static_cast<double>(pivot_value);
  pass.sum_d = sum_in_double(hn::Add(hn::Add(sum_d0, sum_d1), hn::Add(sum_d2, sum_d3)));
  pass.sum_dd = sum_in_double(hn::Add(hn::Add(sum_dd0, sum_dd1), hn::Add(sum_dd2, sum_dd3)));
  pass.max_bits = static_cast<std::uint32_t>(hn::GetLane(hn::MaxOfLanes(di, hn::Max(max0, max1))));
  pass.no_fraction_count = no_fraction_count;
  return pass;
}

}  // namespace plumb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
