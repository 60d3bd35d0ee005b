// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/flatten.h"

#include "plumb/nn/reorder.h"

namespace plumb {

Shape Flatten::output_shape(const Shape& x) const {
  if (x.rank() < 1) {
    throw ShapeError("flatten: x has shape " + x.to_string() + ", expected [batch, ...]");
  }
  return {x[0], x.row_size()};
}

void Flatten::forward(ConstView x, View y, const Context& context) { reorder(x, y, context.pool); }

void Flatten::backward(ConstView /*x*/, ConstView /*y*/, ConstView grad_y, View grad_x,
                       const Context& context) {
  if (grad_x) reorder(grad_y, grad_x, context.pool);
}

std::unique_ptr<Layer> make_flatten(LayerRequest& request) {
  request.arguments.done();
  return std::make_unique<Flatten>();
}

}  // namespace plumb
