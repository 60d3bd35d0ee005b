// SPDX-License-Identifier: Apache-2.0
// Included once for each instruction set, by sources that are compiled by foreach_target.h.
#if defined(PLUMB_STATS_PASS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLUMB_STATS_PASS_INL_H_
#undef PLUMB_STATS_PASS_INL_H_
#else
#define PLUMB_STATS_PASS_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "plumb/stats/format_limits.h"
#include "plumb/stats/prefetch-inl.h"
#include "plumb/stats/sums-inl.h"

HWY_BEFORE_NAMESPACE();
namespace plumb::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Sums over a block's values, of which each gave d = factor * x - pivot.
struct Moments {
  float factor = 1;  ///< a power of two
  double pivot = 0;
  double sum_d = 0;
  double sum_dd = 0;  ///< of d^2
};

/// What the one pass over the values of a block finds.
struct Pass {
  Moments moments;         ///< about 0
  std::uint32_t max_bits;  ///< without sign; kInfinityBits or more if a value is not finite
  bool may_have_powers;    ///< false: no value is zero or a power of two
};

/// A value near the mean of a block times `factor`: the mean of its first values, of many so that
/// no single outlier sets it. They are a power of two and added in pairs, so that equal values have
/// exactly themselves as their mean.
HWY_INLINE float pivot_of(const float* x, std::size_t n, float factor) {
  const hn::ScalableTag<float> df;
  const std::size_t lanes = hn::Lanes(df);
  constexpr std::size_t kHead = 64;
  HWY_ALIGN float head[kHead] = {};
  const std::size_t used = std::min(kHead, std::bit_floor(n));
  for (std::size_t i = 0; i < used; ++i) head[i] = x[i] * factor;
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

/// In how many lanes v has none of the bits of `mask`.
template <class VU>
HWY_INLINE std::size_t count_without_bits(VU v, VU mask) {
  const hn::ScalableTag<std::uint32_t> du;
  return hn::CountTrue(du, hn::Eq(hn::And(v, mask), hn::Zero(du)));
}

/// Brings what lies below the safe range into it, and what lies above.
inline constexpr float kEnlarge = 0x1p100f, kDiminish = 0x1p-100f;

/// Moments about a value near the mean, of values brought to a safe range by `factor`: digits are
/// lost neither to a large mean nor to the exponent.
HWY_NOINLINE Moments moments_about_pivot(const float* x, std::size_t n, float factor_value) {
  const hn::ScalableTag<float> df;
  const std::size_t lanes = hn::Lanes(df);
  const float pivot_value = pivot_of(x, n, factor_value);
  const auto factor = hn::Set(df, factor_value), pivot = hn::Set(df, pivot_value);
  auto sum_d0 = hn::Zero(df), sum_d1 = hn::Zero(df), sum_d2 = hn::Zero(df), sum_d3 = hn::Zero(df);
  auto sum_dd0 = hn::Zero(df), sum_dd1 = hn::Zero(df), sum_dd2 = hn::Zero(df),
       sum_dd3 = hn::Zero(df);
  const auto add = [&](std::size_t i, auto& sum_d, auto& sum_dd) HWY_ATTR {
    const auto d = hn::MulSub(hn::LoadU(df, x + i), factor, pivot);
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
  for (; i + lanes <= n; i += lanes) add(i, sum_d0, sum_dd0);
  Moments moments;
  moments.factor = factor_value;
  moments.pivot = static_cast<double>(pivot_value);
  moments.sum_d = sum_in_double(hn::Add(hn::Add(sum_d0, sum_d1), hn::Add(sum_d2, sum_d3)));
  moments.sum_dd = sum_in_double(hn::Add(hn::Add(sum_dd0, sum_dd1), hn::Add(sum_dd2, sum_dd3)));
  for (; i < n; ++i) {
    const double d = static_cast<double>(x[i] * factor_value) - moments.pivot;
    moments.sum_d += d;
    moments.sum_dd += d * d;
  }
  return moments;
}

}  // namespace plumb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
