// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "plumb/nn/layer_request.h"
#include "plumb/nn/layers/pooling.h"

namespace plumb {

/// The mean over a window, channel by channel.
///
///   y[n, c, i, j] = 1 / area * sum over k, l of x[n, c, i stride - pad + k, j stride - pad + l]
///
/// x is 0 outside of the image, and the area is that of the whole window, padding included. The
/// stride is the window's size and the padding 0 unless told otherwise.
///
/// Shapes  As maxpool.
/// vjp     grad_x = sum of grad_y / area over the windows that see the pixel
/// Errors  ShapeError if x is no image or smaller than the window.
/// Threads Planes are split; the bits do not depend on the split.
/// Source  As torch.nn.AvgPool2d with its default count_include_pad=True.
class AvgPool final : public Pooling {
 public:
  AvgPool(const Window& window, std::string path) : window_(window), path_(std::move(path)) {}
  std::string_view kind() const override { return "avgpool"; }
  Shape output_shape(const Shape& x) const override;
  LayerLayouts layouts(const Shape& x, Layout offered) const override;
  void forward(ConstView x, View y, const Context& context) override;
  void backward(ConstView x, ConstView y, ConstView grad_y, View grad_x,
                const Context& context) override;

 private:
  Window window_;
  std::string path_;
};

std::unique_ptr<Layer> make_avgpool(LayerRequest& request);

}  // namespace plumb
