// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "plumb/kernels/window.h"

/// Pooling in plain loops over one plane of kBlock channels that stand next to each other:
/// x [height, width, kBlock], y [y_height, y_width, kBlock] (core/layout.h; kBlock = 1 is a plane
/// of a row-major tensor). The loops over the block are over one vector register.
namespace plumb::ref {

/// The sizes of one plane.
struct Plane {
  std::int64_t height = 1;
  std::int64_t width = 1;
  Window window;
  std::int64_t y_height() const { return window.vertical.output(height); }
  std::int64_t y_width() const { return window.horizontal.output(width); }
};

/// Calls body(o, rows, columns) for every output position o with what it sees of the image.
template <class Body>
void for_each_window(const Plane& plane, const Body& body) {
  for (std::int64_t i = 0, o = 0; i < plane.y_height(); ++i) {
    const IndexRange rows = inputs_of(plane.window.vertical, i, plane.height);
    for (std::int64_t j = 0; j < plane.y_width(); ++j, ++o) {
      body(o, rows, inputs_of(plane.window.horizontal, j, plane.width));
    }
  }
}

/// The position in x of each channel's maximum in a window: the first of equal ones in row-major
/// order, a NaN before everything else.
template <std::int64_t kBlock, class T>
void find_maxima(const Plane& plane, const T* x, IndexRange rows, IndexRange columns,
                 std::array<T, kBlock>& largest, std::array<std::int32_t, kBlock>& place) {
  const std::int64_t first = rows.begin * plane.width + columns.begin;
  for (std::int64_t b = 0; b < kBlock; ++b) {
    largest[static_cast<std::size_t>(b)] = x[first * kBlock + b];
    place[static_cast<std::size_t>(b)] = static_cast<std::int32_t>(first);
  }
  for (std::int64_t i = rows.begin; i < rows.end; ++i) {
    for (std::int64_t j = columns.begin; j < columns.end; ++j) {
      const std::int64_t at = i * plane.width + j;
      const T* const pixel = x + at * kBlock;
      for (std::size_t b = 0; b < static_cast<std::size_t>(kBlock); ++b) {
        // Not (a <= b) is true for a NaN in either; a NaN that is there stays.
        const bool take = !(pixel[b] <= largest[b]) && !std::isnan(largest[b]);
        largest[b] = take ? pixel[b] : largest[b];
        place[b] = take ? static_cast<std::int32_t>(at) : place[b];
      }
    }
  }
}

template <std::int64_t kBlock, class T>
void max_pool(const Plane& plane, const T* x, T* y) {
  std::array<T, kBlock> largest{};
  std::array<std::int32_t, kBlock> place{};
  for_each_window(plane, [&](std::int64_t o, IndexRange rows, IndexRange columns) {
    find_maxima<kBlock>(plane, x, rows, columns, largest, place);
    std::copy(largest.begin(), largest.end(), y + o * kBlock);
  });
}

/// grad_x[place of the maximum] += grad_y; zero elsewhere.
template <std::int64_t kBlock, class T>
void max_pool_vjp(const Plane& plane, const T* x, const T* grad_y, T* grad_x) {
  std::fill_n(grad_x, plane.height * plane.width * kBlock, T(0));
  std::array<T, kBlock> largest{};
  std::array<std::int32_t, kBlock> place{};
  for_each_window(plane, [&](std::int64_t o, IndexRange rows, IndexRange columns) {
    find_maxima<kBlock>(plane, x, rows, columns, largest, place);
    for (std::int64_t b = 0; b < kBlock; ++b) {
      grad_x[place[static_cast<std::size_t>(b)] * kBlock + b] += grad_y[o * kBlock + b];
    }
  });
}

/// y = sum over the window / divisor: padding counts as zeros. Summed row by row, so that the error
/// grows with the window's sides and not with its area.
template <std::int64_t kBlock, class T>
void average_pool(const Plane& plane, T divisor, const T* x, T* y) {
  for_each_window(plane, [&](std::int64_t o, IndexRange rows, IndexRange columns) {
    std::array<T, kBlock> sum{};
    for (std::int64_t i = rows.begin; i < rows.end; ++i) {
      std::array<T, kBlock> row{};
      for (std::int64_t j = columns.begin; j < columns.end; ++j) {
        const T* const pixel = x + (i * plane.width + j) * kBlock;
        for (std::size_t b = 0; b < static_cast<std::size_t>(kBlock); ++b) row[b] += pixel[b];
      }
      for (std::size_t b = 0; b < static_cast<std::size_t>(kBlock); ++b) sum[b] += row[b];
    }
    for (std::int64_t b = 0; b < kBlock; ++b) {
      y[o * kBlock + b] = sum[static_cast<std::size_t>(b)] / divisor;
    }
  });
}

template <std::int64_t kBlock, class T>
void average_pool_vjp(const Plane& plane, T divisor, const T* grad_y, T* grad_x) {
  std::fill_n(grad_x, plane.height * plane.width * kBlock, T(0));
  for_each_window(plane, [&](std::int64_t o, IndexRange rows, IndexRange columns) {
    std::array<T, kBlock> share{};
    for (std::int64_t b = 0; b < kBlock; ++b) {
      share[static_cast<std::size_t>(b)] = grad_y[o * kBlock + b] / divisor;
    }
    for (std::int64_t i = rows.begin; i < rows.end; ++i) {
      for (std::int64_t j = columns.begin; j < columns.end; ++j) {
        T* const pixel = grad_x + (i * plane.width + j) * kBlock;
        for (std::size_t b = 0; b < static_cast<std::size_t>(kBlock); ++b) pixel[b] += share[b];
      }
    }
  });
}

}  // namespace plumb::ref
