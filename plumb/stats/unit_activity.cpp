// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/unit_activity.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "plumb/stats/unit_activity.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which includes this file once for each instruction set.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace plumb::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// active[j] += number of i < rows with x[i, j] != 0 (NaN is not zero). Down a strip of columns the
/// counts stay in registers, 32 bits wide: rows < 2^31.
void count_nonzero_columns(const float* x, std::size_t rows, std::size_t units,
                           std::uint64_t* active) {
  const hn::ScalableTag<std::int32_t> di;
  const std::size_t lanes = hn::Lanes(di);
  const auto magnitude_bits = hn::Set(di, 0x7fffffff);
  HWY_ALIGN std::int32_t zeros_of_lane[HWY_MAX_BYTES / sizeof(std::int32_t)];
  std::size_t j = 0;
  for (; j + lanes <= units; j += lanes) {
    auto minus_zeros = hn::Zero(di);
    for (std::size_t i = 0; i < rows; ++i) {
      const auto bits = hn::LoadU(di, reinterpret_cast<const std::int32_t*>(x + i * units + j));
      const auto is_zero = hn::Eq(hn::And(bits, magnitude_bits), hn::Zero(di));
      minus_zeros = hn::Add(minus_zeros, hn::VecFromMask(di, is_zero));
    }
    hn::Store(hn::Neg(minus_zeros), di, zeros_of_lane);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      active[j + lane] += rows - static_cast<std::size_t>(zeros_of_lane[lane]);
    }
  }
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t rest = j; rest < units; ++rest) active[rest] += !(x[i * units + rest] == 0);
  }
}

}  // namespace plumb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>
#include <numeric>
#include <string>

namespace plumb {

HWY_EXPORT(count_nonzero_columns);

void UnitActivity::add(ConstView derivative) {
  const Shape& shape = derivative.shape;
  const std::int64_t batch = shape.rank() == 0 ? 1 : shape[0];
  if (batch * units() != shape.size()) {
    throw ShapeError("unit activity: derivative has shape " + shape.to_string() +
                     ", expected [batch, " + std::to_string(units()) + "]");
  }
  const auto rows = static_cast<std::size_t>(batch);
  const std::size_t columns = active_count_.size();
  if (derivative.dtype == DType::f32) {
    HWY_DYNAMIC_DISPATCH(count_nonzero_columns)
    (derivative.as<float>().data(), rows, columns, active_count_.data());
  } else {
    const std::span<const double> x = derivative.as<double>();
    for (std::size_t i = 0; i < x.size(); ++i) active_count_[i % columns] += !(x[i] == 0);
  }
  sample_count_ += rows;
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
