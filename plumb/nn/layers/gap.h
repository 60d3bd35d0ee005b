// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "plumb/nn/layer_request.h"
#include "plumb/nn/layers/pooling.h"

namespace plumb {

/// Global average pooling: the mean of each channel over the whole image.
///
///   y[n, c] = 1 / (height width) * sum over i, j of x[n, c, i, j]
///
/// Shapes  x [batch, channels, height, width] or, with one channel, [batch, height, width]; y [batch,
///         channels].
/// vjp     grad_x[n, c, i, j] = grad_y[n, c] / (height width)
/// Errors  ShapeError if x is no image.
/// Threads Planes are split; the bits do not depend on the split.
/// Source  Lin, Chen, Yan 2013, arXiv:1312.4400, section 3.2.
class Gap final : public Pooling {
 public:
  explicit Gap(std::string path) : path_(std::move(path)) {}
  std::string_view kind() const override { return "gap"; }
  Shape output_shape(const Shape& x) const override;
  LayerLayouts layouts(const Shape& x, Layout offered) const override;
  void forward(ConstView x, View y, const Context& context) override;
  void backward(ConstView x, ConstView y, ConstView grad_y, View grad_x,
                const Context& context) override;

 private:
  std::string path_;
};

std::unique_ptr<Layer> make_gap(LayerRequest& request);

}  // namespace plumb
