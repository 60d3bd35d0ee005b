// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/last.h"

#include <algorithm>

namespace plumb {

Shape Last::output_shape(const Shape& x) const {
  if (x.rank() != 3 || x[1] < 1) {
    throw ShapeError("last: x has shape " + x.row_shape().to_string() +
                     " a sample, expected [steps, features]");
  }
  return {x[0], x[2]};
}

void Last::forward(ConstView x, View y, const Context& /*context*/) {
  const std::int64_t row = x.shape.row_size(), features = x.shape[2];
  dispatch(x.dtype, [&]<class T>(T) {
    const T* from = x.as<T>().data() + row - features;
    T* to = y.as<T>().data();
    for (std::int64_t b = 0; b < x.shape[0]; ++b, from += row) {
      to = std::copy_n(from, features, to);
    }
  });
}

void Last::backward(ConstView x, ConstView /*y*/, ConstView grad_y, View grad_x,
                    const Context& /*context*/) {
  if (!grad_x) return;
  const std::int64_t row = x.shape.row_size(), features = x.shape[2];
  dispatch(x.dtype, [&]<class T>(T) {
    const T* from = grad_y.as<T>().data();
    T* to = grad_x.as<T>().data();
    for (std::int64_t b = 0; b < x.shape[0]; ++b, from += features) {
      to = std::fill_n(to, row - features, T(0));
      to = std::copy_n(from, features, to);
    }
  });
}

std::unique_ptr<Layer> make_last(LayerRequest& request) {
  request.arguments.done();
  return std::make_unique<Last>();
}

}  // namespace plumb
