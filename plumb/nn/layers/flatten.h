// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "plumb/nn/layer.h"
#include "plumb/nn/layer_request.h"

namespace plumb {

/// Turns each sample into one row: y has the elements of x in row-major order.
///
/// Shapes  x [batch, ...], y [batch, product of the rest].
/// vjp     grad_x = grad_y, reshaped
/// Errors  output_shape: ShapeError if x has no batch axis.
/// Threads Split by elements.
class Flatten final : public Layer {
 public:
  std::string_view kind() const override { return "flatten"; }
  LayerFamily family() const override { return LayerFamily::shape; }
  Shape output_shape(const Shape& x) const override;
  LayerLayouts layouts(const Shape& /*x*/, Layout offered) const override {
    return {offered, Layout::row_major};
  }
  void forward(ConstView x, View y, const Context& context) override;
  void backward(ConstView x, ConstView y, ConstView grad_y, View grad_x,
                const Context& context) override;
};

std::unique_ptr<Layer> make_flatten(LayerRequest& request);

}  // namespace plumb
