// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#include "plumb/core/error.h"

namespace plumb {

namespace detail {
[[noreturn]] void refuse_shape(std::span<const std::int64_t> extents);
}  // namespace detail

/// The extents of a tensor, outermost axis first: an inline array of rank at most 5, cheap to copy.
///
/// A rank-0 shape is a scalar and has size 1. Extents are never negative. Threads: as an int.
/// Errors  UsageError on a rank above kMaxRank, a negative extent, or with_batch() of a scalar.
class Shape {
 public:
  static constexpr int kMaxRank = 5;

  Shape() = default;
  Shape(std::initializer_list<std::int64_t> extents)
      : Shape(std::span<const std::int64_t>(extents.begin(), extents.size())) {}
  explicit Shape(std::span<const std::int64_t> extents) : rank_(static_cast<int>(extents.size())) {
    if (extents.size() > kMaxRank) detail::refuse_shape(extents);
    for (std::size_t axis = 0; axis < extents.size(); ++axis) {
      if (extents[axis] < 0) detail::refuse_shape(extents);
      extents_[axis] = extents[axis];
    }
  }

  int rank() const { return rank_; }
  std::int64_t operator[](int axis) const { return extents_[static_cast<std::size_t>(axis)]; }
  /// Number of elements: the product of the extents.
  std::int64_t size() const { return size_from(0); }
  /// Number of elements of one row: the product of all extents but the first; 1 for rank 0 and 1.
  std::int64_t row_size() const { return size_from(1); }
  /// The same shape with the first extent replaced.
  Shape with_batch(std::int64_t batch) const;
  /// The shape without its first axis.
  Shape row_shape() const;
  std::span<const std::int64_t> extents() const {
    return {extents_.data(), static_cast<std::size_t>(rank_)};
  }

  /// "[32, 64]"; "[]" for a scalar.
  std::string to_string() const;

  friend bool operator==(const Shape& a, const Shape& b) = default;

 private:
  std::int64_t size_from(int axis) const {
    std::int64_t product = 1;
    for (; axis < rank_; ++axis) product *= (*this)[axis];
    return product;
  }

  std::array<std::int64_t, kMaxRank> extents_{};
  int rank_ = 0;
};

}  // namespace plumb
