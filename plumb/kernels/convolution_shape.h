// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/kernels/window.h"

namespace plumb {

/// The sizes of a 2-D convolution: x [batch, in, height, width], weight [out, in / groups, window
/// height, window width], y [batch, out, y_height, y_width].
struct ConvolutionShape {
  std::int64_t batch = 1;
  std::int64_t in = 1;
  std::int64_t out = 1;
  std::int64_t groups = 1;
  std::int64_t height = 1;
  std::int64_t width = 1;
  Window window;

  std::int64_t y_height() const { return window.vertical.output(height); }
  std::int64_t y_width() const { return window.horizontal.output(width); }
  std::int64_t x_row() const { return in * height * width; }
  std::int64_t y_row() const { return out * y_height() * y_width(); }
  std::int64_t in_per_group() const { return in / groups; }
  std::int64_t out_per_group() const { return out / groups; }
  std::int64_t taps() const { return window.vertical.size * window.horizontal.size; }

  friend bool operator==(const ConvolutionShape&, const ConvolutionShape&) = default;
};

}  // namespace plumb
