// SPDX-License-Identifier: Apache-2.0
// Included once for each instruction set, by sources that are compiled by foreach_target.h.
#if defined(PLUMB_STATS_SUMS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef PLUMB_STATS_SUMS_INL_H
#undef PLUMB_STATS_SUMS_INL_H
#else
#define PLUMB_STATS_SUMS_INL_H
#endif

#include <hwy/highway.h>

#include <bit>
#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace plumb::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// The sum of the lanes.
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

/// add(v, sum) for each whole vector v of x[0, n), to one of four sums, so that none waits for
/// itself. Returns all of them together; `rest` is where the values begin that fill no vector.
template <class Add>
HWY_INLINE double sum_of_vectors(const float* x, std::size_t n, std::size_t& rest, const Add& add) {
  const hn::ScalableTag<float> df;
  const std::size_t lanes = hn::Lanes(df);
  auto sum0 = hn::Zero(df), sum1 = hn::Zero(df), sum2 = hn::Zero(df), sum3 = hn::Zero(df);
  std::size_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    add(hn::LoadU(df, x + i), sum0);
    add(hn::LoadU(df, x + i + lanes), sum1);
    add(hn::LoadU(df, x + i + 2 * lanes), sum2);
    add(hn::LoadU(df, x + i + 3 * lanes), sum3);
  }
  for (; i + lanes <= n; i += lanes) add(hn::LoadU(df, x + i), sum0);
  rest = i;
  return sum_in_double(hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3)));
}

/// Squares of floats sum up in float without overflow, and without loss below, while the largest is
/// in here.
inline constexpr std::uint32_t kSafeLowBits = (127 - 50) << 23;
inline constexpr std::uint32_t kSafeHighBits = (127 + 50) << 23;

/// Whether the block's values seem to lie below the safe range. Only a guess, for speed: a square
/// that underflows costs a hundred times what another one does.
HWY_INLINE bool seems_small(const float* x, std::size_t n) {
  const hn::ScalableTag<float> df;
  if (n < hn::Lanes(df)) {
    return (std::bit_cast<std::uint32_t>(x[0]) & 0x7fffffff) < kSafeLowBits;
  }
  const auto low = hn::Set(df, std::bit_cast<float>(kSafeLowBits));
  return hn::AllTrue(df, hn::Lt(hn::Abs(hn::LoadU(df, x)), low));
}

}  // namespace plumb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
