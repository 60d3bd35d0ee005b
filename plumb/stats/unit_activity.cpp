// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/unit_activity.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "plumb/stats/unit_activity.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which includes this file once for each instruction set.
#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#ifndef PLUMB_STATS_UNIT_ACTIVITY_LOOK_
#define PLUMB_STATS_UNIT_ACTIVITY_LOOK_
namespace plumb {
/// What a batch of derivatives comes to.
struct Look {
  std::uint64_t silent = 0;  ///< number of zeros
  std::uint64_t below = 0;   ///< number of |x| < limit
  double squares = 0;        ///< sum of x^2

  void add(const Look& other) {
    silent += other.silent;
    below += other.below;
    squares += other.squares;
  }
};
}  // namespace plumb
#endif

HWY_BEFORE_NAMESPACE();
namespace plumb::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Down one vector of columns: active[j] += number of i < rows with x[i, j] != 0 (NaN is not zero).
/// The counts stay in registers, 32 bits wide: rows < 2^31.
HWY_NOINLINE void count_down(const float* x, std::size_t rows, std::size_t units, float limit,
                             std::uint64_t* active, Look& look) {
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
    look.silent += static_cast<std::uint64_t>(zeros[lane]);
    look.below += static_cast<std::uint64_t>(below[lane]);
  }
}

/// The same and the squares, in one pass of half the work where all |x| are at least `limit` and
/// none is zero, as most are. Two rows at a time, so that no sum waits for itself.
HWY_INLINE void look_down(const float* x, std::size_t rows, std::size_t units, float limit,
                          std::uint64_t* active, Look& look) {
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
  look.squares +=
      hn::GetLane(hn::SumOfLanes(dd, hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3))));

  const std::int32_t limit_bits = limit > 0 ? std::bit_cast<std::int32_t>(limit) : 0;
  const auto least_wanted = hn::Set(di, limit_bits > 0 ? limit_bits : 1);
  if (!hn::AllFalse(di, hn::Lt(least, least_wanted))) {
    count_down(x, rows, units, limit, active, look);
    return;
  }
  for (std::size_t lane = 0; lane < lanes; ++lane) active[lane] += rows;
}

/// active[j] += number of i < rows with x[i, j] != 0.
void look_at_columns(const float* x, std::size_t rows, std::size_t units, float limit,
                     std::uint64_t* active, Look& out) {
  Look look;
  const std::size_t lanes = hn::Lanes(hn::ScalableTag<float>());
  std::size_t j = 0;
  for (; j + lanes <= units; j += lanes) look_down(x + j, rows, units, limit, active + j, look);
  for (std::size_t i = 0; i < rows && j < units; ++i) {
    for (std::size_t rest = j; rest < units; ++rest) {
      const float value = x[i * units + rest];
      const bool is_zero = (std::bit_cast<std::uint32_t>(value) & 0x7fffffff) == 0;
      active[rest] += !is_zero;
      look.silent += is_zero;
      look.below += std::abs(value) < limit;
      look.squares += static_cast<double>(value) * static_cast<double>(value);
    }
  }
  out = look;
}

}  // namespace plumb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <array>
#include <numeric>
#include <string>

#include "plumb/stats/magnitude.h"

namespace plumb {

HWY_EXPORT(look_at_columns);

namespace {

Look look(const float* x, std::size_t rows, std::size_t units, float limit, std::uint64_t* active) {
  Look result;
  HWY_DYNAMIC_DISPATCH(look_at_columns)(x, rows, units, limit, active, result);
  return result;
}

/// A run of one unit's elements: as columns side by side whose counts are then one.
Look look_along(const float* x, std::size_t count, float limit, std::uint64_t& active) {
  constexpr std::size_t kColumns = 64;
  std::array<std::uint64_t, kColumns> counts{};
  const std::size_t rows = count / kColumns, rest = count % kColumns;
  Look result = look(x, rows, kColumns, limit, counts.data());
  result.add(look(x + rows * kColumns, 1, rest, limit, counts.data()));
  active = std::accumulate(counts.begin(), counts.end(), active);
  return result;
}

Look look_at_images(ConstView images, float limit, std::uint64_t* active) {
  const float* const x = images.as<float>().data();
  const auto block = static_cast<std::size_t>(channel_block(images.layout));
  const auto channels = static_cast<std::size_t>(images.shape[1]);
  const auto area = static_cast<std::size_t>(images.shape[2] * images.shape[3]);
  const std::size_t planes = static_cast<std::size_t>(images.shape[0]) * channels / block;
  Look total;
  for (std::size_t plane = 0; plane < planes; ++plane) {
    const float* const at = x + plane * area * block;
    std::uint64_t* const of_channels = active + plane * block % channels;
    total.add(block == 1 ? look_along(at, area, limit, *of_channels)
                         : look(at, area, block, limit, of_channels));
  }
  return total;
}

}  // namespace

void DerivativeStats::merge(const DerivativeStats& other) {
  if (other.count == 0) return;
  if (count == 0) {
    *this = other;
    return;
  }
  const auto n = static_cast<double>(count), more = static_cast<double>(other.count);
  const double share = n / (n + more), other_share = more / (n + more);
  below_fraction = below_fraction * share + other.below_fraction * other_share;
  // Of squares relative to the larger of the two, so that none is out of range.
  const double largest = std::max(log2_rms, other.log2_rms);
  if (std::isfinite(largest)) {
    const double squares = share * std::exp2(2 * (log2_rms - largest)) +
                           other_share * std::exp2(2 * (other.log2_rms - largest));
    log2_rms = largest + 0.5 * std::log2(squares);
  } else {
    log2_rms = std::isnan(other.log2_rms) ? other.log2_rms : largest;  // no number, or all zero
  }
  count += other.count;
}

DerivativeStats UnitActivity::add(ConstView derivative, double limit) {
  const Shape& shape = derivative.shape;
  const std::int64_t batch = shape.rank() == 0 ? 1 : shape[0];
  if (units_of(shape) != units()) {
    throw ShapeError("unit activity: derivative has shape " + shape.to_string() +
                     ", expected [batch, " + std::to_string(units()) + "]");
  }
  const auto rows = static_cast<std::size_t>(batch);
  const std::size_t columns = active_count_.size();
  const auto size = static_cast<double>(shape.size());
  sample_count_ += rows;
  const auto count = static_cast<std::uint64_t>(shape.size());
  element_count_ += count;
  if (count == 0) return {0, log2_rms(derivative), 0.0};
  if (derivative.dtype == DType::f32) {
    const auto limit_of_float = static_cast<float>(limit);
    const Look all = shape.rank() == 4
                         ? look_at_images(derivative, limit_of_float, active_count_.data())
                         : look(derivative.as<float>().data(), rows, columns, limit_of_float,
                                active_count_.data());
    active_total_ += count - all.silent;
    return {count, 0.5 * std::log2(all.squares / size), static_cast<double>(all.below) / size};
  }
  const std::span<const double> x = derivative.as<double>();
  const std::size_t positions = x.size() / (rows * columns);
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    active_count_[i / positions % columns] += !(x[i] == 0);
    active_total_ += !(x[i] == 0);
    below += std::abs(x[i]) < limit;
  }
  return {count, log2_rms(derivative), static_cast<double>(below) / size};
}

DerivativeStats UnitActivity::add_all_active(std::int64_t samples, std::int64_t elements,
                                             std::uint64_t below, double squares) {
  const auto count = static_cast<std::uint64_t>(elements);
  const auto size = static_cast<double>(elements);
  sample_count_ += static_cast<std::uint64_t>(samples);
  element_count_ += count;
  active_total_ += count;
  in_all_ += count / active_count_.size();
  return {count, 0.5 * std::log2(squares / size), static_cast<double>(below) / size};
}

void UnitActivity::clear() {
  in_all_ = 0;
  std::fill(active_count_.begin(), active_count_.end(), 0);
  active_total_ = 0;
  element_count_ = 0;
  sample_count_ = 0;
}

void UnitActivity::merge(const UnitActivity& other) {
  if (other.units() != units()) {
    throw ShapeError("unit activity: merging a window of " + std::to_string(other.units()) +
                     " units, expected " + std::to_string(units()));
  }
  in_all_ += other.in_all_;
  for (std::size_t j = 0; j < active_count_.size(); ++j) active_count_[j] += other.active_count_[j];
  active_total_ += other.active_total_;
  element_count_ += other.element_count_;
  sample_count_ += other.sample_count_;
}

std::int64_t UnitActivity::dead_units() const {
  if (sample_count_ == 0 || in_all_ > 0) return 0;
  return std::count(active_count_.begin(), active_count_.end(), 0u);
}

double UnitActivity::dead_unit_fraction() const {
  return units() == 0 ? 0.0 : static_cast<double>(dead_units()) / static_cast<double>(units());
}

double UnitActivity::active_fraction() const {
  return element_count_ == 0
             ? 0.0
             : static_cast<double>(active_total_) / static_cast<double>(element_count_);
}

}  // namespace plumb
#endif  // HWY_ONCE
