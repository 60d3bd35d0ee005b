// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/unit_scan.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "plumb/stats/unit_scan.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which includes this file once for each instruction set.
#include <hwy/highway.h>

#include <bit>
#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace plumb::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using detail::UnitScan;

/// Down one vector of columns: active[j] += number of i < rows with x[i, j] != 0 (NaN is not zero).
/// The counts stay in registers, 32 bits wide: rows < 2^31.
HWY_NOINLINE void count_down(const float* x, std::size_t rows, std::size_t units, float limit,
                             std::uint64_t* active, UnitScan& scan) {
  const hn::ScalableTag<float> df;
  const hn::RebindToSigned<decltype(df)> di;
  const std::size_t lanes = hn::Lanes(df);
  const auto limit_of_lane = hn::Set(df, limit);
  const auto magnitude_bits = hn::Set(di, 0x7fffffff);
  auto minus_zeros = hn::Zero(di), minus_below = hn::Zero(di);
  for (std::size_t i = 0; i < rows; ++i) {
    // On the bits: a subnormal is not zero, whatever the processor makes of it.
    const auto magnitude = hn::And(hn::BitCast(di, hn::LoadU(df, x + i * units)), magnitude_bits);
    const auto is_zero = hn::Eq(magnitude, hn::Zero(di));
    minus_zeros = hn::Add(minus_zeros, hn::VecFromMask(di, is_zero));
    const auto is_below = hn::RebindMask(di, hn::Lt(hn::BitCast(df, magnitude), limit_of_lane));
    minus_below = hn::Add(minus_below, hn::VecFromMask(di, is_below));
  }
  HWY_ALIGN std::int32_t zeros[HWY_MAX_BYTES / sizeof(std::int32_t)];
  HWY_ALIGN std::int32_t below[HWY_MAX_BYTES / sizeof(std::int32_t)];
  hn::Store(hn::Neg(minus_zeros), di, zeros);
  hn::Store(hn::Neg(minus_below), di, below);
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    active[lane] += rows - static_cast<std::size_t>(zeros[lane]);
    scan.silent += static_cast<std::uint64_t>(zeros[lane]);
    scan.below += static_cast<std::uint64_t>(below[lane]);
  }
}

/// The same and the squares, in one pass of half the work where all |x| are at least `limit` and
/// none is zero, as most are. Two rows at a time, so that no sum waits for itself.
HWY_INLINE void scan_down(const float* x, std::size_t rows, std::size_t units, float limit,
                          std::uint64_t* active, UnitScan& scan) {
  const hn::ScalableTag<float> df;
  const hn::RebindToSigned<decltype(df)> di;
  const hn::ScalableTag<double> dd;
  const hn::Rebind<float, decltype(dd)> df_of_dd;
  const std::size_t lanes = hn::Lanes(df), half = hn::Lanes(dd);
  const auto magnitude_bits = hn::Set(di, 0x7fffffff);
  auto least = magnitude_bits;
  auto sum0 = hn::Zero(dd), sum1 = hn::Zero(dd), sum2 = hn::Zero(dd), sum3 = hn::Zero(dd);
  const auto add = [&](const float* at, auto& low, auto& high) HWY_ATTR {
    const auto bits = hn::BitCast(di, hn::LoadU(df, at));
    least = hn::Min(least, hn::And(bits, magnitude_bits));
    const auto d0 = hn::PromoteTo(dd, hn::LoadU(df_of_dd, at));
    low = hn::MulAdd(d0, d0, low);
    if (half < lanes) {  // not where a vector is one number
      const auto d1 = hn::PromoteTo(dd, hn::LoadU(df_of_dd, at + half));
      high = hn::MulAdd(d1, d1, high);
    }
  };
  std::size_t i = 0;
  for (; i + 2 <= rows; i += 2) {
    add(x + i * units, sum0, sum1);
    add(x + (i + 1) * units, sum2, sum3);
  }
  if (i < rows) add(x + i * units, sum0, sum1);
  scan.squares +=
      hn::GetLane(hn::SumOfLanes(dd, hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3))));

  const std::int32_t limit_bits = limit > 0 ? std::bit_cast<std::int32_t>(limit) : 0;
  const auto least_wanted = hn::Set(di, limit_bits > 0 ? limit_bits : 1);
  if (!hn::AllFalse(di, hn::Lt(least, least_wanted))) {
    count_down(x, rows, units, limit, active, scan);
    return;
  }
  for (std::size_t lane = 0; lane < lanes; ++lane) active[lane] += rows;
}

/// active[j] += number of i < rows with x[i, j] != 0.
void scan_columns(const float* x, std::size_t rows, std::size_t units, float limit,
                  std::uint64_t* active, UnitScan& out) {
  UnitScan scan;
  const std::size_t lanes = hn::Lanes(hn::ScalableTag<float>());
  std::size_t j = 0;
  for (; j + lanes <= units; j += lanes) scan_down(x + j, rows, units, limit, active + j, scan);
  for (std::size_t i = 0; i < rows && j < units; ++i) {
    for (std::size_t rest = j; rest < units; ++rest) {
      const float value = x[i * units + rest];
      const bool is_zero = (std::bit_cast<std::uint32_t>(value) & 0x7fffffff) == 0;
      active[rest] += !is_zero;
      scan.silent += is_zero;
      scan.below += std::abs(value) < limit;
      scan.squares += static_cast<double>(value) * static_cast<double>(value);
    }
  }
  out = scan;
}

/// active[j] += number of i < rows that are not <= 0, of columns j; adds the others to `silent`.
void scan_relu_columns(const float* x, std::size_t rows, std::size_t units, std::int64_t* active,
                       std::uint64_t& silent) {
  const hn::ScalableTag<float> df;
  const hn::RebindToSigned<decltype(df)> di;
  const std::size_t lanes = hn::Lanes(df);
  const auto zero = hn::Zero(df);
  HWY_ALIGN std::int32_t zeros[HWY_MAX_BYTES / sizeof(std::int32_t)];
  std::size_t j = 0;
  for (; j + lanes <= units; j += lanes) {
    auto minus_zeros = hn::Zero(di);
    for (std::size_t i = 0; i < rows; ++i) {
      const auto is_shut = hn::RebindMask(di, hn::Le(hn::LoadU(df, x + i * units + j), zero));
      minus_zeros = hn::Add(minus_zeros, hn::VecFromMask(di, is_shut));
    }
    hn::Store(hn::Neg(minus_zeros), di, zeros);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      active[j + lane] += static_cast<std::int64_t>(rows) - zeros[lane];
      silent += static_cast<std::uint64_t>(zeros[lane]);
    }
  }
  for (std::size_t i = 0; i < rows && j < units; ++i) {
    for (std::size_t rest = j; rest < units; ++rest) {
      const bool is_shut = x[i * units + rest] <= 0;
      active[rest] += !is_shut;
      silent += is_shut;
    }
  }
}

/// Number of x[i] <= 0, i < n.
void count_shut(const float* x, std::size_t n, std::uint64_t& count) {
  const hn::ScalableTag<float> df;
  const auto zero = hn::Zero(df);
  std::size_t found = 0, i = 0;
  for (; i + hn::Lanes(df) <= n; i += hn::Lanes(df)) {
    found += hn::CountTrue(df, hn::Le(hn::LoadU(df, x + i), zero));
  }
  for (; i < n; ++i) found += x[i] <= 0;
  count = found;
}

}  // namespace plumb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <array>
#include <numeric>

namespace plumb {

HWY_EXPORT(scan_columns);
HWY_EXPORT(scan_relu_columns);
HWY_EXPORT(count_shut);

namespace detail {

UnitScan scan_units(const float* x, std::size_t rows, std::size_t units, float limit,
                    std::uint64_t* active) {
  UnitScan result;
  HWY_DYNAMIC_DISPATCH(scan_columns)(x, rows, units, limit, active, result);
  return result;
}

UnitScan scan_units(const double* x, std::size_t rows, std::size_t units, double limit,
                    std::uint64_t* active) {
  UnitScan result;
  for (std::size_t i = 0; i < rows * units; ++i) {
    const bool is_zero = x[i] == 0;
    active[i % units] += !is_zero;
    result.silent += is_zero;
    result.below += std::abs(x[i]) < limit;
  }
  return result;
}

/// As columns side by side whose counts are then one.
UnitScan scan_run(const float* x, std::size_t count, float limit, std::uint64_t& active) {
  constexpr std::size_t kColumns = 64;
  std::array<std::uint64_t, kColumns> counts{};
  const std::size_t rows = count / kColumns, rest = count % kColumns;
  UnitScan result = scan_units(x, rows, kColumns, limit, counts.data());
  result.add(scan_units(x + rows * kColumns, 1, rest, limit, counts.data()));
  active = std::accumulate(counts.begin(), counts.end(), active);
  return result;
}

UnitScan scan_run(const double* x, std::size_t count, double limit, std::uint64_t& active) {
  return scan_units(x, count, 1, limit, &active);
}

std::uint64_t scan_relu_units(const float* x, std::size_t rows, std::size_t units,
                              std::int64_t* active) {
  std::uint64_t silent = 0;
  HWY_DYNAMIC_DISPATCH(scan_relu_columns)(x, rows, units, active, silent);
  return silent;
}

std::uint64_t scan_relu_run(const float* x, std::size_t count, std::int64_t& active) {
  std::uint64_t silent = 0;
  HWY_DYNAMIC_DISPATCH(count_shut)(x, count, silent);
  active += static_cast<std::int64_t>(count - silent);
  return silent;
}

}  // namespace detail
}  // namespace plumb
#endif  // HWY_ONCE
