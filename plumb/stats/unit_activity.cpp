// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/unit_activity.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "plumb/stats/unit_activity.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which includes this file once for each instruction set.
#include <hwy/highway.h>

#include <bit>
#include <cmath>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace plumb::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Down one vector of columns: active[j] += number of i < rows with x[i, j] != 0 (NaN is not zero),
/// `below` and `squares` as look_at_columns. The counts stay in registers, 32 bits wide:
/// rows < 2^31.
HWY_INLINE void look_down(const float* x, std::size_t rows, std::size_t units, float limit,
                          std::uint64_t* active, std::uint64_t& below, double& squares) {
  const hn::ScalableTag<float> df;
  const hn::RebindToSigned<decltype(df)> di;
  const hn::ScalableTag<double> dd;
  const hn::Rebind<float, decltype(dd)> df_of_dd;
  const std::size_t lanes = hn::Lanes(df), half = hn::Lanes(dd);
  const auto limit_of_lane = hn::Set(df, limit);
  const auto magnitude_bits = hn::Set(di, 0x7fffffff);
  auto minus_zeros = hn::Zero(di), minus_below = hn::Zero(di);
  auto squares0 = hn::Zero(dd), squares1 = hn::Zero(dd);
  for (std::size_t i = 0; i < rows; ++i) {
    const float* const at = x + i * units;
    // On the bits: a subnormal is not zero, whatever the processor makes of it.
    const auto magnitude = hn::And(hn::BitCast(di, hn::LoadU(df, at)), magnitude_bits);
    const auto is_zero = hn::Eq(magnitude, hn::Zero(di));
    minus_zeros = hn::Add(minus_zeros, hn::VecFromMask(di, is_zero));
    const auto is_below = hn::RebindMask(di, hn::Lt(hn::BitCast(df, magnitude), limit_of_lane));
    minus_below = hn::Add(minus_below, hn::VecFromMask(di, is_below));
    const auto d0 = hn::PromoteTo(dd, hn::LoadU(df_of_dd, at));
    squares0 = hn::MulAdd(d0, d0, squares0);
    if (half < lanes) {  // not where a vector is one number
      const auto d1 = hn::PromoteTo(dd, hn::LoadU(df_of_dd, at + half));
      squares1 = hn::MulAdd(d1, d1, squares1);
    }
  }
  HWY_ALIGN std::int32_t of_lane[HWY_MAX_BYTES / sizeof(std::int32_t)];
  hn::Store(hn::Neg(minus_zeros), di, of_lane);
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    active[lane] += rows - static_cast<std::size_t>(of_lane[lane]);
  }
  hn::Store(hn::Neg(minus_below), di, of_lane);
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    below += static_cast<std::uint64_t>(of_lane[lane]);
  }
  squares += hn::GetLane(hn::SumOfLanes(dd, hn::Add(squares0, squares1)));
}

/// active[j] as look_down; below += number of |x| < limit; squares += sum of x^2.
void look_at_columns(const float* x, std::size_t rows, std::size_t units, float limit,
                     std::uint64_t* active, std::uint64_t& below, double& squares) {
  const std::size_t lanes = hn::Lanes(hn::ScalableTag<float>());
  std::size_t j = 0;
  for (; j + lanes <= units; j += lanes) {
    look_down(x + j, rows, units, limit, active + j, below, squares);
  }
  for (std::size_t i = 0; i < rows && j < units; ++i) {
    for (std::size_t rest = j; rest < units; ++rest) {
      const float value = x[i * units + rest];
      active[rest] += (std::bit_cast<std::uint32_t>(value) & 0x7fffffff) != 0;
      below += std::abs(value) < limit;
      squares += static_cast<double>(value) * static_cast<double>(value);
    }
  }
}

}  // namespace plumb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>
#include <numeric>
#include <string>

#include "plumb/stats/magnitude.h"

namespace plumb {

HWY_EXPORT(look_at_columns);

DerivativeStats UnitActivity::add(ConstView derivative, double limit) {
  const Shape& shape = derivative.shape;
  const std::int64_t batch = shape.rank() == 0 ? 1 : shape[0];
  if (batch * units() != shape.size()) {
    throw ShapeError("unit activity: derivative has shape " + shape.to_string() +
                     ", expected [batch, " + std::to_string(units()) + "]");
  }
  const auto rows = static_cast<std::size_t>(batch);
  const std::size_t columns = active_count_.size();
  const auto size = static_cast<double>(shape.size());
  sample_count_ += rows;
  if (shape.size() == 0) return {log2_rms(derivative), 0.0};
  std::uint64_t below = 0;
  if (derivative.dtype == DType::f32) {
    double squares = 0;
    HWY_DYNAMIC_DISPATCH(look_at_columns)
    (derivative.as<float>().data(), rows, columns, static_cast<float>(limit), active_count_.data(),
     below, squares);
    return {0.5 * std::log2(squares / size), static_cast<double>(below) / size};
  }
  const std::span<const double> x = derivative.as<double>();
  for (std::size_t i = 0; i < x.size(); ++i) {
    active_count_[i % columns] += !(x[i] == 0);
    below += std::abs(x[i]) < limit;
  }
  return {log2_rms(derivative), static_cast<double>(below) / size};
}

void UnitActivity::clear() {
  std::fill(active_count_.begin(), active_count_.end(), 0);
  sample_count_ = 0;
}

void UnitActivity::merge(const UnitActivity& other) {
  if (other.units() != units()) {
    throw ShapeError("unit activity: merging a window of " + std::to_string(other.units()) +
                     " units, expected " + std::to_string(units()));
  }
  for (std::size_t j = 0; j < active_count_.size(); ++j) active_count_[j] += other.active_count_[j];
  sample_count_ += other.sample_count_;
}

std::int64_t UnitActivity::dead_units() const {
  return sample_count_ == 0 ? 0 : std::count(active_count_.begin(), active_count_.end(), 0u);
}

double UnitActivity::dead_unit_fraction() const {
  return units() == 0 ? 0.0 : static_cast<double>(dead_units()) / static_cast<double>(units());
}

double UnitActivity::active_fraction() const {
  if (units() == 0 || sample_count_ == 0) return 0.0;
  const auto total = std::accumulate(active_count_.begin(), active_count_.end(), std::uint64_t{0});
  return static_cast<double>(total) /
         (static_cast<double>(units()) * static_cast<double>(sample_count_));
}

}  // namespace plumb
#endif  // HWY_ONCE
