// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

#include "plumb/core/axis.h"
#include "plumb/core/strided_view.h"

namespace plumb {

/// A tensor of anybody's, and what must be known of it to be measured: what each axis counts, which
/// elements are padding, and the factor between what is stored and what is true.
///
///   true value = values * 2^log2_scale
///
/// A loss scale of 1024 is a log2_scale of -10, a gradient averaged over three ranks, and not yet
/// summed, one of log2(3).
///
/// Errors  UsageError from the constructors where there are not as many axes as the tensor has, and
///         for elements at a null address.
struct ObservedView {
  using Axes = std::array<Axis, StridedView::kMaxRank>;

  StridedView values;
  Axes axes{};
  double log2_scale = 0;
  /// A byte for each element, 0 where it is padding and does not count; null: all count.
  const std::uint8_t* kept = nullptr;
  StridedView::Axes kept_strides{};  ///< in bytes; 0 along an axis that the mask does not have

  /// Axes in the order of our engine: [sample], [sample, unit], [sample, time, unit] and
  /// [sample, unit, place, place, ...].
  ObservedView(const StridedView& tensor);  // NOLINT(google-explicit-constructor)
  ObservedView(const StridedView& tensor, std::initializer_list<Axis> tensor_axes,
               double tensor_log2_scale = 0)
      : ObservedView(tensor, std::span(tensor_axes.begin(), tensor_axes.size()),
                     tensor_log2_scale) {}
  ObservedView(const StridedView& tensor, std::span<const Axis> tensor_axes,
               double tensor_log2_scale = 0);

  ObservedView scaled(double scale_log2) const;
  /// `strides`: as of kept_strides, one for each axis.
  ObservedView masked(const std::uint8_t* mask, std::span<const std::int64_t> strides) const;
  ObservedView masked(const std::uint8_t* mask, std::initializer_list<std::int64_t> strides) const {
    return masked(mask, std::span(strides.begin(), strides.size()));
  }

  /// The product of the extents of the axes that count samples: 1 where none does.
  std::int64_t samples() const;
  /// Of those that tell features apart (units, and the heads that they are grouped in): 1 where
  /// none does. Places and time steps are not units.
  std::int64_t units() const;
  static constexpr bool tells_units(Axis axis) { return axis == Axis::unit || axis == Axis::head; }
  /// The axis that counts `what`, the first of several, or -1.
  int find(Axis what) const;
  ObservedView slice(int axis, std::int64_t index) const;
  /// With the axes of units behind the others.
  ObservedView units_last() const;
};

/// Reads the elements that count, in row-major order, a piece at a time: what serves every element
/// type, stride and mask alike where speed is not all.
///
/// Threads Use one object from one thread. Allocates nothing.
class KeptReader {
 public:
  explicit KeptReader(const ObservedView& view);

  /// As many of the next ones as there is room for; 0 behind the last.
  std::size_t next(std::span<float> out) { return read(out); }
  std::size_t next(std::span<double> out) { return read(out); }

 private:
  template <class T>
  std::size_t read(std::span<T> out);
  void advance(std::int64_t count);

  ObservedView view_;
  StridedView::Axes index_{};
  std::int64_t offset_ = 0, kept_offset_ = 0, left_ = 0;
};

}  // namespace plumb
