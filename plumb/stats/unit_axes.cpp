// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "plumb/core/strided_reader.h"
#include "plumb/stats/magnitude.h"
#include "plumb/stats/unit_activity.h"
#include "plumb/stats/unit_scan.h"
#include "plumb/stats/widen.h"

namespace plumb {
namespace {

using detail::scan_run;
using detail::scan_units;
using detail::UnitScan;

/// The axes of a view in the order in which it is read: either the units are the inner loop, and a
/// row is one element of each; or some places are, and a row is all those places of a unit.
struct UnitOrder {
  std::array<int, StridedView::kMaxRank> axes{};
  std::int64_t units = 1;
  std::int64_t inner_places = 1;  ///< behind the units
  std::int64_t samples = 1;
};

bool is_axis(const StridedView& x, int axis) { return axis >= 0 && axis < x.rank; }

/// Throws unless the axes are x's.
UnitOrder unit_order(const StridedView& x, const UnitAxes& axes) {
  std::array<bool, StridedView::kMaxRank> is_unit{};
  UnitOrder order;
  bool is_sound = axes.sample == -1 || is_axis(x, axes.sample);
  for (const int axis : axes.units) {
    is_sound = is_sound && is_axis(x, axis) && axis != axes.sample && !is_unit[axis];
    if (!is_sound) break;
    is_unit[axis] = true;
    order.units *= x.sizes[axis];
  }
  if (!is_sound) {
    throw ShapeError("unit activity: the axes of samples and units are not those of " +
                     x.to_string());
  }
  if (axes.sample >= 0) order.samples = x.sizes[axes.sample];
  // Both loops by falling strides, but for the units, whose order is theirs.
  const auto outer = order.axes.begin();
  auto outer_end = outer;
  for (int axis = 0; axis < x.rank; ++axis) {
    if (!is_unit[axis]) *outer_end++ = axis;
  }
  const auto step = [&](int axis) { return std::abs(x.strides[axis]); };
  // std::stable_sort would take memory for its copy.
  for (auto i = outer; i != outer_end; ++i) {
    for (auto j = i; j != outer && step(j[0]) > step(j[-1]); --j) std::iter_swap(j, j - 1);
  }
  // Memory is read along the units unless some place is nearer than every unit.
  std::int64_t least_of_units = INT64_MAX;
  for (const int axis : axes.units) {
    if (x.sizes[axis] > 1) least_of_units = std::min(least_of_units, step(axis));
  }
  auto places = outer_end;
  while (places != outer) {
    const int axis = places[-1];
    const bool is_nearest = places == outer_end
                                ? step(axis) < least_of_units
                                : x.strides[axis] == x.strides[*places] * x.sizes[*places];
    if (!is_nearest) break;
    order.inner_places *= x.sizes[axis];
    --places;
  }
  std::rotate(places, outer_end, std::copy(axes.units.begin(), axes.units.end(), outer_end));
  return order;
}

/// All of a view that is read in this order, as T (float or double).
template <class T>
UnitScan scan_all(const StridedView& x, const UnitOrder& order, T limit, std::uint64_t* active) {
  constexpr std::size_t kGathered = 2048;
  constexpr ElementType kType = sizeof(T) == 8 ? ElementType::f64 : ElementType::f32;
  alignas(64) std::array<std::byte, kGathered * sizeof(T)> gathered;
  alignas(64) std::array<T, kGathered> wide;
  const auto units = static_cast<std::size_t>(order.units);
  const auto row_size = static_cast<std::size_t>(order.inner_places);
  StridedReader reader(x);
  UnitScan total;
  std::size_t unit = 0, at = 0;  // of the next value: its unit, and its place in that unit's row
  for (auto piece = reader.next(kGathered, gathered.data()); piece.count > 0;
       piece = reader.next(kGathered, gathered.data())) {
    const T* values = static_cast<const T*>(piece.data);
    if (x.type != kType) {
      widen(x.type, piece.data, piece.count, wide.data());
      values = wide.data();
    }
    for (std::size_t left = piece.count; left > 0;) {
      std::size_t count = 0;
      if (row_size > 1) {
        count = std::min(row_size - at, left);
        total.add(scan_run(values, count, limit, active[unit]));
        at += count;
        if (at == row_size) {
          at = 0;
          unit = unit + 1 == units ? 0 : unit + 1;
        }
      } else if (unit == 0 && left >= units) {
        count = left / units * units;
        total.add(scan_units(values, left / units, units, limit, active));
      } else {
        count = std::min(units - unit, left);
        total.add(scan_units(values, 1, count, limit, active + unit));
        unit = unit + count == units ? 0 : unit + count;
      }
      values += count;
      left -= count;
    }
  }
  return total;
}

}  // namespace

DerivativeStats UnitActivity::add(const StridedView& derivative, const UnitAxes& axes,
                                  double limit) {
  const UnitOrder order = unit_order(derivative, axes);
  if (order.units != units()) {
    throw ShapeError("unit activity: derivative " + derivative.to_string() + " has " +
                     std::to_string(order.units) + " units, expected " + std::to_string(units()));
  }
  const auto count = static_cast<std::uint64_t>(derivative.size());
  const auto size = static_cast<double>(count);
  sample_count_ += static_cast<std::uint64_t>(order.samples);
  element_count_ += count;
  if (count == 0) return {0, log2_rms(derivative), 0.0};
  const StridedView ordered =
      with_axes(derivative, {order.axes.data(), static_cast<std::size_t>(derivative.rank)});
  const bool is_double = derivative.type == ElementType::f64;
  const UnitScan all =
      is_double ? scan_all(ordered, order, limit, active_count_.data())
                : scan_all(ordered, order, static_cast<float>(limit), active_count_.data());
  active_total_ += count - all.silent;
  return {count, is_double ? log2_rms(derivative) : 0.5 * std::log2(all.squares / size),
          static_cast<double>(all.below) / size};
}

}  // namespace plumb
