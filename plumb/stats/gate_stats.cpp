// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/gate_stats.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "plumb/stats/gate_stats.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which includes this file once for each instruction set.
#include <hwy/highway.h>

#include <cstddef>

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

GateSums gate_sums_f32(const float* x, std::size_t n, float low, float high) {
  const hn::ScalableTag<double> dd;
  const hn::Rebind<float, decltype(dd)> df;
  const std::size_t lanes = hn::Lanes(df);
  const auto low_limit = hn::Set(df, low), high_limit = hn::Set(df, high);
  auto sum0 = hn::Zero(dd), sum1 = hn::Zero(dd);
  GateSums sums;
  std::size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    const auto v0 = hn::LoadU(df, x + i), v1 = hn::LoadU(df, x + i + lanes);
    sum0 = hn::Add(sum0, hn::PromoteTo(dd, v0));
    sum1 = hn::Add(sum1, hn::PromoteTo(dd, v1));
    sums.low += hn::CountTrue(df, hn::Lt(v0, low_limit)) + hn::CountTrue(df, hn::Lt(v1, low_limit));
    sums.high +=
        hn::CountTrue(df, hn::Gt(v0, high_limit)) + hn::CountTrue(df, hn::Gt(v1, high_limit));
  }
  sums.sum = hn::GetLane(hn::SumOfLanes(dd, hn::Add(sum0, sum1)));
  for (; i < n; ++i) {
    sums.sum += static_cast<double>(x[i]);
    sums.low += x[i] < low ? 1U : 0U;
    sums.high += x[i] > high ? 1U : 0U;
  }
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
