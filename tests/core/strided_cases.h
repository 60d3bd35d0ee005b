// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "plumb/core/strided_view.h"

namespace plumb {

/// The elements in row-major order, by one loop over each axis.
template <class T>
std::vector<T> elements_of(const StridedView& view) {
  std::vector<T> out;
  StridedView::Axes index{};
  for (std::int64_t left = view.size(); left > 0; --left) {
    std::int64_t offset = 0;
    for (int axis = 0; axis < view.rank; ++axis) offset += index[axis] * view.strides[axis];
    out.push_back(static_cast<const T*>(view.data)[offset]);
    for (int axis = view.rank; axis-- > 0;) {
      if (++index[axis] < view.sizes[axis]) break;
      index[axis] = 0;
    }
  }
  return out;
}

/// A tensor's shape and strides over a buffer of `extent` elements, whose first one is `first`.
struct StridedCase {
  std::string name;
  std::vector<std::int64_t> sizes, strides;
  std::int64_t first = 0, extent = 0;

  /// Over other elements; `data` is the begin of a buffer.
  template <class T>
  StridedView view(const T* data, ElementType type) const {
    return {data + first, type, sizes, strides};
  }
  /// Over 0, 1, 2 ... as floats.
  StridedView view() const {
    static const std::vector<float> numbers = [] {
      std::vector<float> x(200000);
      std::iota(x.begin(), x.end(), 0.0f);
      return x;
    }();
    return view(numbers.data(), ElementType::f32);
  }
  template <class T>
  std::vector<T> elements() const {
    return elements_of<T>(view());
  }
};

/// What frameworks hand over: slices, transposed and permuted tensors, broadcasts, flips, windows
/// that overlap, short and long runs, up to eight axes.
inline std::vector<StridedCase> strided_cases() {
  std::vector<StridedCase> cases{
      {"scalar", {}, {}, 3},
      {"matrix", {40, 30}, {30, 1}},
      {"transposed", {40, 30}, {1, 40}},
      {"rows apart", {40, 30}, {37, 1}},
      {"every second column", {40, 30}, {60, 2}},
      {"every third column of a transposed one", {40, 30}, {1, 120}},
      {"broadcast row", {40, 30}, {0, 1}},
      {"broadcast column", {40, 30}, {1, 0}},
      {"one value", {40, 30}, {0, 0}, 5},
      {"flipped", {40, 30}, {-30, -1}, 1199},
      {"flipped columns apart", {40, 30}, {64, -2}, 60},
      {"windows", {40, 30}, {1, 1}},
      {"nothing", {4, 0, 3}, {5, 2, 1}},
      {"images", {3, 4, 5, 6}, {120, 30, 6, 1}},
      {"channels last", {3, 4, 5, 6}, {120, 1, 24, 4}},
      {"some of the channels, last", {3, 4, 5, 6}, {330, 1, 66, 11}},
      {"a crop", {3, 4, 5, 6}, {800, 200, 20, 1}, 63},
      {"long rows", {3, 5000}, {6000, 1}},
      {"long rows of every second", {3, 5000}, {10000, 2}},
      {"long narrow", {9000, 3}, {4, 1}},
      {"long narrow columns", {3, 9000}, {1, 4}},
      {"a long axis in front of short ones", {3000, 2, 2, 2}, {16, 8, 4, 1}},
      {"eight axes", {2, 3, 2, 3, 2, 3, 2, 3}, {5000, 1000, 400, 100, 40, 10, 4, 1}},
      {"eight axes in a row", {2, 1, 2, 1, 2, 1, 2, 3}, {24, 9, 12, 9, 6, 9, 3, 1}},
  };
  for (StridedCase& c : cases) {
    std::int64_t last = c.first;
    for (std::size_t axis = 0; axis < c.sizes.size(); ++axis) {
      if (c.strides[axis] > 0) last += (c.sizes[axis] - 1) * c.strides[axis];
    }
    c.extent = last + 1;
  }
  return cases;
}

}  // namespace plumb
