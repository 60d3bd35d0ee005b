// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "plumb/nn/layer.h"
#include "plumb/nn/layer_request.h"

namespace plumb {

/// The last time step of a sequence, y = x_{steps-1}.
///
/// After a bidirectional layer that is, as output[:, -1] in torch, the state of the first direction
/// that has seen all steps, beside that of the second direction, which has seen the last step
/// alone.
///
/// Shapes  x [batch, steps, features], y [batch, features].
/// vjp     grad_x = grad_y at the last step, 0 at all others
/// Errors  ShapeError if x is not [batch, steps, features].
/// Threads One thread: it copies a step.
class Last final : public Layer {
 public:
  std::string_view kind() const override { return "last"; }
  LayerFamily family() const override { return LayerFamily::shape; }
  Shape output_shape(const Shape& x) const override;
  void forward(ConstView x, View y, const Context& context) override;
  void backward(ConstView x, ConstView y, ConstView grad_y, View grad_x,
                const Context& context) override;
};

std::unique_ptr<Layer> make_last(LayerRequest& request);

}  // namespace plumb
