// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/widen.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "plumb/stats/widen.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which includes this file once for each instruction set.
#include <hwy/highway.h>

#include <cstdint>

#include "plumb/stats/widen-inl.h"

HWY_BEFORE_NAMESPACE();
namespace plumb::HWY_NAMESPACE {

void widen_f16(const std::uint16_t* x, std::size_t n, float* to) { widen_by(FromF16(), x, n, to); }

void widen_bf16(const std::uint16_t* x, std::size_t n, float* to) {
  widen_by(FromBf16(), x, n, to);
}

}  // namespace plumb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>
#include <array>

namespace plumb {

HWY_EXPORT(widen_f16);
HWY_EXPORT(widen_bf16);

void widen(ElementType type, const void* x, std::size_t n, float* to) {
  PLUMB_CHECK(type != ElementType::f64);
  switch (type) {
    case ElementType::f16:
      HWY_DYNAMIC_DISPATCH(widen_f16)(static_cast<const std::uint16_t*>(x), n, to);
      return;
    case ElementType::bf16:
      HWY_DYNAMIC_DISPATCH(widen_bf16)(static_cast<const std::uint16_t*>(x), n, to);
      return;
    default: std::copy_n(static_cast<const float*>(x), n, to);
  }
}

void widen(ElementType type, const void* x, std::size_t n, double* to) {
  if (type == ElementType::f64) {
    std::copy_n(static_cast<const double*>(x), n, to);
    return;
  }
  constexpr std::size_t kPart = 256;
  std::array<float, kPart> part;
  const auto* from = static_cast<const std::byte*>(x);
  for (std::size_t i = 0; i < n; i += kPart) {
    const std::size_t count = std::min(kPart, n - i);
    widen(type, from + i * static_cast<std::size_t>(size_bytes(type)), count, part.data());
    std::copy_n(part.begin(), count, to + i);
  }
}

}  // namespace plumb
#endif  // HWY_ONCE
