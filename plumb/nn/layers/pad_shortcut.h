// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "plumb/nn/layer.h"

namespace plumb {

/// The stride of a window of one pixel that makes `to` pixels of `from`, the smallest if several
/// do; nothing if none does.
std::optional<std::int64_t> stride_between(std::int64_t from, std::int64_t to);

/// The shortcut without parameters of a residual block that changes the shape: every s-th pixel,
/// and zeros for the channels that are new.
///
///   y[n, c, i, j] = x[n, c, s_h i, s_w j] for c < channels of x, 0 otherwise
///
/// Shapes  x [batch, channels, height, width] or [batch, height, width], y [batch, more channels, height /
///         s_h, width / s_w] rounded up; or x [batch, features], y [batch, more features].
/// vjp     grad_x[n, c, s_h i, s_w j] = grad_y[n, c, i, j], 0 between
/// Errors  ShapeError if y has fewer channels, or no stride makes its size.
/// Layouts Any, the same on both sides, if its blocks fill the channels of y.
/// Threads Samples are split; the same bits for any thread count.
/// Source  He et al. 2015, arXiv:1512.03385, section 3.3, option A, and section 4.2. The zeros come last;
///         the paper does not say where.
class PadShortcut final : public Layer {
 public:
  /// Shapes of batched tensors; the batch does not matter.
  PadShortcut(const Shape& x, const Shape& y);

  std::string_view kind() const override { return "pad"; }
  LayerFamily family() const override { return LayerFamily::shape; }
  Shape output_shape(const Shape& x) const override;
  LayerLayouts layouts(const Shape& x, Layout offered) const override;
  void forward(ConstView x, View y, const Context& context) override;
  void backward(ConstView x, ConstView y, ConstView grad_y, View grad_x,
                const Context& context) override;

 private:
  template <class F>
  void for_each_pixel(std::int64_t block, const F& f) const;

  Shape x_row_, y_row_;
  std::int64_t channels_ = 0, height_ = 0, width_ = 0;  ///< of x
  std::int64_t out_height_ = 0, out_width_ = 0;
  std::int64_t vertical_ = 1, horizontal_ = 1;  ///< strides
};

}  // namespace plumb
