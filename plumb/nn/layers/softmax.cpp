// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/softmax.h"

#include <algorithm>

#include "plumb/kernels/ref/softmax.h"

namespace plumb {

namespace {

/// Numbers that a thread takes at least: an exponential each.
constexpr std::int64_t kGrain = 4096;

template <class Body>
void for_rows(const Shape& shape, const Context& context, const Body& body) {
  const std::int64_t columns = shape[shape.rank() - 1], rows = shape.size() / columns;
  context.pool.run(rows, std::max<std::int64_t>(1, kGrain / columns), [&](auto begin, auto end) {
    for (std::int64_t row = begin; row < end; ++row) body(row * columns, columns);
  });
}

}  // namespace

Shape Softmax::output_shape(const Shape& x) const {
  if (x.rank() < 2 || x[x.rank() - 1] < 1) {
    throw ShapeError((path_.empty() ? "softmax" : path_) + ": x has shape " + x.to_string() +
                     ", expected [batch, ..., features]");
  }
  return x;
}

void Softmax::forward(ConstView x, View y, const Context& context) {
  dispatch(x.dtype, [&]<class T>(T) {
    const T* const from = x.as<T>().data();
    T* const to = y.as<T>().data();
    for_rows(x.shape, context, [&](std::int64_t at, std::int64_t columns) {
      ref::softmax(from + at, columns, to + at);
    });
  });
}

void Softmax::backward(ConstView /*x*/, ConstView y, ConstView grad_y, View grad_x,
                       const Context& context) {
  if (!grad_x) return;
  dispatch(y.dtype, [&]<class T>(T) {
    const T* const y_data = y.as<T>().data();
    const T* const g_data = grad_y.as<T>().data();
    T* const to = grad_x.as<T>().data();
    for_rows(y.shape, context, [&](std::int64_t at, std::int64_t columns) {
      ref::softmax_vjp(y_data + at, g_data + at, columns, to + at);
    });
  });
}

std::unique_ptr<Layer> make_softmax(LayerRequest& request) {
  request.arguments.done();
  return std::make_unique<Softmax>(request.path);
}

}  // namespace plumb
