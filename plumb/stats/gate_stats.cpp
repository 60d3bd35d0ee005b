// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/gate_stats.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "plumb/stats/gate_stats.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which includes this file once for each instruction set.
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "plumb/stats/sums-inl.h"

#ifndef PLUMB_STATS_GATE_SUMS
#define PLUMB_STATS_GATE_SUMS
namespace plumb {
namespace {
struct GateSums {
  double sum = 0;
  std::size_t low = 0;
  std::size_t high = 0;
};
}  // namespace
}  // namespace plumb
#endif

HWY_BEFORE_NAMESPACE();
namespace plumb::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Where a sum in float is none.
HWY_NOINLINE void add_one_by_one(const float* x, std::size_t n, float low, float high,
                                 GateSums& sums) {
  for (std::size_t i = 0; i < n; ++i) {
    sums.sum += static_cast<double>(x[i]);
    sums.low += x[i] < low ? 1U : 0U;
    sums.high += x[i] > high ? 1U : 0U;
  }
}

/// Of a block small enough for sums in float. Most gates have no value in a flat end, so the counts
/// are taken only where the smallest or the largest value asks for them.
HWY_INLINE void add_block(const float* x, std::size_t n, float low, float high, GateSums& sums) {
  const hn::ScalableTag<float> df;
  const std::size_t lanes = hn::Lanes(df);
  auto least = hn::Set(df, low), most = hn::Set(df, high);
  std::size_t i = 0;
  const double sum = sum_of_vectors(x, n, i, [&](auto v, auto& part) HWY_ATTR {
    part = hn::Add(part, v);
    least = hn::Min(least, v);
    most = hn::Max(most, v);
  });
  if (!std::isfinite(sum)) {
    add_one_by_one(x, n, low, high, sums);
    return;
  }
  sums.sum += sum;
  add_one_by_one(x + i, n - i, low, high, sums);
  const auto low_limit = hn::Set(df, low), high_limit = hn::Set(df, high);
  if (!hn::AllFalse(df, hn::Lt(least, low_limit))) {
    for (std::size_t j = 0; j < i; j += lanes)
      sums.low += hn::CountTrue(df, hn::Lt(hn::LoadU(df, x + j), low_limit));
  }
  if (!hn::AllFalse(df, hn::Gt(most, high_limit))) {
    for (std::size_t j = 0; j < i; j += lanes)
      sums.high += hn::CountTrue(df, hn::Gt(hn::LoadU(df, x + j), high_limit));
  }
}

GateSums gate_sums_f32(const float* x, std::size_t n, float low, float high) {
  constexpr std::size_t kBlock = 16 * 4 * HWY_LANES(float);
  GateSums sums;
  for (std::size_t i = 0; i < n; i += kBlock)
    add_block(x + i, std::min(kBlock, n - i), low, high, sums);
  return sums;
}

}  // namespace plumb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plumb {

HWY_EXPORT(gate_sums_f32);

namespace {

GateSums gate_sums_f64(std::span<const double> x, double low, double high) {
  GateSums sums;
  for (const double v : x) {
    sums.sum += v;
    sums.low += v < low ? 1U : 0U;
    sums.high += v > high ? 1U : 0U;
  }
  return sums;
}

}  // namespace

GateStats gate_stats(ConstView values, double low, double high) {
  const auto count = static_cast<double>(values.shape.size());
  if (count == 0) return {};
  GateSums sums;
  if (values.dtype == DType::f32) {
    const std::span<const float> x = values.as<float>();
    sums = HWY_DYNAMIC_DISPATCH(gate_sums_f32)(x.data(), x.size(), static_cast<float>(low),
                                               static_cast<float>(high));
  } else {
    sums = gate_sums_f64(values.as<double>(), low, high);
  }
  return {sums.sum / count, static_cast<double>(sums.low) / count,
          static_cast<double>(sums.high) / count};
}

}  // namespace plumb
#endif  // HWY_ONCE
