// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/flatten.h"

#include "plumb/kernels/elementwise.h"
#include "plumb/kernels/ref/piecewise.h"
#include "plumb/nn/activation.h"

namespace plumb {

namespace {

void copy(ConstView from, View to, const Context& context) {
  dispatch(from.dtype, [&]<class T>(T) {
    const T* const source = from.as<T>().data();
    T* const target = to.as<T>().data();
    context.pool.run(from.shape.size(), kElementwiseGrain, [&](auto begin, auto end) {
      elementwise_forward(ref::Identity{}, source + begin, target + begin, end - begin);
    });
  });
}

}  // namespace

Shape Flatten::output_shape(const Shape& x) const {
  if (x.rank() < 1) {
    throw ShapeError("flatten: x has shape " + x.to_string() + ", expected [batch, ...]");
  }
  return {x[0], x.row_size()};
}

void Flatten::forward(ConstView x, View y, const Context& context) { copy(x, y, context); }

void Flatten::backward(ConstView /*x*/, ConstView /*y*/, ConstView grad_y, View grad_x,
                       const Context& context) {
  if (grad_x) copy(grad_y, grad_x, context);
}

std::unique_ptr<Layer> make_flatten(LayerRequest& request) {
  request.arguments.done();
  return std::make_unique<Flatten>();
}

}  // namespace plumb
