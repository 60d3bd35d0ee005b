// SPDX-License-Identifier: Apache-2.0
// Included once for each instruction set, by sources that are compiled by foreach_target.h.
#if defined(PLUMB_STATS_WIDEN_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef PLUMB_STATS_WIDEN_INL_H
#undef PLUMB_STATS_WIDEN_INL_H
#else
#define PLUMB_STATS_WIDEN_INL_H
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "plumb/stats/prefetch-inl.h"

HWY_BEFORE_NAMESPACE();
namespace plumb::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Floats of the numbers whose bits are given, exactly: of binary16.
struct FromF16 {
  template <class D16>
  HWY_INLINE auto operator()(D16 /*d16*/, hn::Vec<D16> bits16) const {
#if HWY_TARGET <= HWY_AVX2
    const hn::Rebind<float, D16> df;
    return hn::PromoteTo(df, hn::BitCast(hn::Rebind<hwy::float16_t, D16>(), bits16));
#else
    // Highway's own way makes numbers of infinity and NaN.
    const hn::Rebind<float, D16> df;
    const hn::Rebind<std::int32_t, D16> di;
    const auto bits = hn::PromoteTo(di, bits16);
    const auto sign = hn::ShiftLeft<16>(hn::And(bits, hn::Set(di, 0x8000)));
    const auto magnitude = hn::ShiftLeft<13>(hn::And(bits, hn::Set(di, 0x7fff)));
    constexpr std::int32_t kBias = (127 - 15) << 23, kLeadingOne = 1 << 23;
    const auto is_special = hn::Gt(magnitude, hn::Set(di, 0x0f7fffff));
    const auto is_subnormal = hn::Lt(magnitude, hn::Set(di, kLeadingOne));
    const auto bias = hn::IfThenElse(is_special, hn::Set(di, 2 * kBias), hn::Set(di, kBias));
    const auto number = hn::Add(magnitude, bias);
    // With a leading one that is taken away again: both are normal floats, if the result is not 0.
    const auto with_one = hn::BitCast(df, hn::Add(magnitude, hn::Set(di, kBias + kLeadingOne)));
    const auto subnormal = hn::BitCast(di, hn::Sub(with_one, hn::Set(df, 0x1p-14f)));
    return hn::BitCast(df, hn::Or(hn::IfThenElse(is_subnormal, subnormal, number), sign));
#endif
  }
};

/// Of the upper half of a binary32.
struct FromBf16 {
  template <class D16>
  HWY_INLINE auto operator()(D16 /*d16*/, hn::Vec<D16> bits16) const {
    const hn::Rebind<std::uint32_t, D16> du;
    return hn::BitCast(hn::Rebind<float, D16>(), hn::ShiftLeft<16>(hn::PromoteTo(du, bits16)));
  }
};

/// While it reads the first `asking` values, it asks for what lies kAheadBytes further on.
template <class From>
HWY_INLINE void widen_by(const From& from, const std::uint16_t* x, std::size_t n, float* to,
                         std::size_t asking = 0) {
  const hn::ScalableTag<float> df;
  const hn::Rebind<std::uint16_t, decltype(df)> d16;
  const std::size_t lanes = hn::Lanes(df);
  const auto widen_at = [&](std::size_t i)
                            HWY_ATTR { hn::StoreU(from(d16, hn::LoadU(d16, x + i)), df, to + i); };
  std::size_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    if (i < asking) prefetch_ahead(x + i, 4 * lanes * sizeof(*x));
    widen_at(i);
    widen_at(i + lanes);
    widen_at(i + 2 * lanes);
    widen_at(i + 3 * lanes);
  }
  for (; i + lanes <= n; i += lanes) widen_at(i);
  if (i == n) return;
  HWY_ALIGN std::uint16_t rest[HWY_MAX_BYTES / sizeof(float)] = {};
  HWY_ALIGN float floats[HWY_MAX_BYTES / sizeof(float)];
  std::copy(x + i, x + n, rest);
  hn::Store(from(d16, hn::Load(d16, rest)), df, floats);
  std::copy(floats, floats + (n - i), to + i);
}

}  // namespace plumb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
