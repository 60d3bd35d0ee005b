// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "plumb/kernels/convolution_shape.h"

/// A 2-D convolution (cross-correlation: the window is not flipped) in plain loops over row-major
/// tensors. Every sum runs over input channels, then rows, then columns of the window, ascending.
namespace plumb::ref {

/// Calls body(o, c, tap, rows, columns) for every weight: output channel o, input channel c, its
/// place in the window, and the output positions that see the image there.
template <class Body>
void for_each_tap(const ConvolutionShape& s, std::int64_t out_begin, std::int64_t out_end,
                  const Body& body) {
  for (std::int64_t o = out_begin; o < out_end; ++o) {
    const std::int64_t first = o / s.out_per_group() * s.in_per_group();
    for (std::int64_t c = first; c < first + s.in_per_group(); ++c) {
      for (std::int64_t i = 0; i < s.window.vertical.size; ++i) {
        const IndexRange rows = outputs_of(s.window.vertical, i, s.height);
        for (std::int64_t j = 0; j < s.window.horizontal.size; ++j) {
          const IndexRange columns = outputs_of(s.window.horizontal, j, s.width);
          const std::int64_t tap = i * s.window.horizontal.size + j;
          const std::int64_t weight = (o * s.in_per_group() + c - first) * s.taps() + tap;
          const std::int64_t corner = s.window.vertical.begin(rows.begin) + i;
          body(o, c, weight, rows, columns, corner, s.window.horizontal.begin(columns.begin) + j);
        }
      }
    }
  }
}

/// y = x * weight + bias for one image; bias may be null.
template <class T>
void convolve(const ConvolutionShape& s, const T* x, const T* weight, const T* bias, T* y) {
  const std::int64_t y_width = s.y_width(), y_plane = s.y_height() * y_width;
  for (std::int64_t o = 0; o < s.out; ++o) {
    std::fill_n(y + o * y_plane, y_plane, bias != nullptr ? bias[o] : T(0));
  }
  for_each_tap(
      s, 0, s.out,
      [&](auto o, auto c, auto at, IndexRange rows, IndexRange columns, auto top, auto left) {
        const T w = weight[at];
        const std::int64_t step = s.window.horizontal.stride;
        for (auto row = rows.begin; row < rows.end; ++row) {
          const auto line = top + (row - rows.begin) * s.window.vertical.stride;
          const T* const from = x + (c * s.height + line) * s.width + left;
          T* const to = y + o * y_plane + row * y_width + columns.begin;
          const auto count = columns.end - columns.begin;
          for (std::int64_t k = 0; k < count; ++k) to[k] += w * from[k * step];
        }
      });
}

/// grad_x = J_x^T grad_y for one image, overwritten.
template <class T>
void convolve_vjp_x(const ConvolutionShape& s, const T* weight, const T* grad_y, T* grad_x) {
  const std::int64_t y_width = s.y_width(), y_plane = s.y_height() * y_width;
  std::fill_n(grad_x, s.x_row(), T(0));
  for_each_tap(
      s, 0, s.out,
      [&](auto o, auto c, auto at, IndexRange rows, IndexRange columns, auto top, auto left) {
        const T w = weight[at];
        const std::int64_t step = s.window.horizontal.stride;
        for (auto row = rows.begin; row < rows.end; ++row) {
          const auto line = top + (row - rows.begin) * s.window.vertical.stride;
          const T* const from = grad_y + o * y_plane + row * y_width + columns.begin;
          T* const to = grad_x + (c * s.height + line) * s.width + left;
          const auto count = columns.end - columns.begin;
          for (std::int64_t k = 0; k < count; ++k) to[k * step] += w * from[k];
        }
      });
}

/// grad_weight += J_weight^T grad_y for the output channels [out_begin, out_end), over the whole
/// batch.
template <class T>
void convolve_vjp_weight(const ConvolutionShape& s, const T* x, const T* grad_y,
                         std::int64_t out_begin, std::int64_t out_end, T* grad_weight) {
  const std::int64_t y_width = s.y_width(), y_plane = s.y_height() * y_width;
  for_each_tap(
      s, out_begin, out_end,
      [&](auto o, auto c, auto at, IndexRange rows, IndexRange columns, auto top, auto left) {
        const std::int64_t step = s.window.horizontal.stride;
        T sum = 0;
        for (std::int64_t n = 0; n < s.batch; ++n) {
          for (auto row = rows.begin; row < rows.end; ++row) {
            const auto line = top + (row - rows.begin) * s.window.vertical.stride;
            const T* const a = x + n * s.x_row() + (c * s.height + line) * s.width + left;
            const T* const b = grad_y + n * s.y_row() + o * y_plane + row * y_width + columns.begin;
            const auto count = columns.end - columns.begin;
            for (std::int64_t k = 0; k < count; ++k) sum += a[k * step] * b[k];
          }
        }
        grad_weight[at] += sum;
      });
}

/// grad_bias[o] += sum of grad_y over the batch and all positions, for o in [out_begin, out_end).
template <class T>
void convolve_vjp_bias(const ConvolutionShape& s, const T* grad_y, std::int64_t out_begin,
                       std::int64_t out_end, T* grad_bias) {
  const std::int64_t y_plane = s.y_height() * s.y_width();
  for (std::int64_t o = out_begin; o < out_end; ++o) {
    T sum = 0;
    for (std::int64_t n = 0; n < s.batch; ++n) {
      const T* const plane = grad_y + n * s.y_row() + o * y_plane;
      for (std::int64_t k = 0; k < y_plane; ++k) sum += plane[k];
    }
    grad_bias[o] += sum;
  }
}

}  // namespace plumb::ref
