// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/unit_activity.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "plumb/stats/magnitude.h"
#include "plumb/stats/unit_scan.h"

namespace plumb {
namespace {

using detail::scan_run;
using detail::scan_units;
using detail::UnitScan;

UnitScan scan_images(ConstView images, float limit, std::uint64_t* active) {
  const float* const x = images.as<float>().data();
  const auto block = static_cast<std::size_t>(channel_block(images.layout));
  const auto channels = static_cast<std::size_t>(images.shape[1]);
  const auto area = static_cast<std::size_t>(images.shape[2] * images.shape[3]);
  const std::size_t planes = static_cast<std::size_t>(images.shape[0]) * channels / block;
  UnitScan total;
  for (std::size_t plane = 0; plane < planes; ++plane) {
    const float* const at = x + plane * area * block;
    std::uint64_t* const of_channels = active + plane * block % channels;
    total.add(block == 1 ? scan_run(at, area, limit, *of_channels)
                         : scan_units(at, area, block, limit, of_channels));
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
    const UnitScan all = shape.rank() == 4
                             ? scan_images(derivative, limit_of_float, active_count_.data())
                             : scan_units(derivative.as<float>().data(), rows, columns,
                                          limit_of_float, active_count_.data());
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

DerivativeStats UnitActivity::add(const DerivativeCounts& counts) {
  if (counts.active.size() != active_count_.size()) {
    throw ShapeError("unit activity: counts of " + std::to_string(counts.active.size()) +
                     " units, expected " + std::to_string(units()));
  }
  sample_count_ += counts.samples;
  element_count_ += counts.elements;
  for (std::size_t j = 0; j < active_count_.size(); ++j) {
    const auto active = static_cast<std::uint64_t>(counts.active[j]);
    active_count_[j] += active;
    active_total_ += active;
  }
  if (counts.elements == 0) return {};
  const auto size = static_cast<double>(counts.elements);
  return {counts.elements, 0.5 * std::log2(counts.squares / size),
          static_cast<double>(counts.below) / size};
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
