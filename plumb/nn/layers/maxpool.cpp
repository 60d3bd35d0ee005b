// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/maxpool.h"

#include "plumb/nn/layers/image.h"

namespace plumb {

Shape MaxPool::output_shape(const Shape& x) const {
  const Shape images = as_images(x, path_);
  return slide(images, images[1], window_, path_);
}

LayerLayouts MaxPool::layouts(const Shape& /*x*/, Layout offered) const {
  return {offered, offered};
}

void MaxPool::forward(ConstView x, View y, const Context& context) {
  const Shape images = as_images(x.shape, path_);
  const ref::Plane plane{images[2], images[3], window_};
  const std::int64_t x_size = images[2] * images[3], y_size = y.shape[2] * y.shape[3];
  dispatch(x.dtype, [&]<class T>(T) {
    const T* const from = x.as<T>().data();
    T* const to = y.as<T>().data();
    for_each_plane(images, x.layout, context.pool, [&](std::int64_t index, auto block) {
      ref::max_pool<block>(plane, from + index * x_size * block, to + index * y_size * block);
    });
  });
}

void MaxPool::backward(ConstView x, ConstView y, ConstView grad_y, View grad_x,
                       const Context& context) {
  if (!grad_x) return;
  const Shape images = as_images(x.shape, path_);
  const ref::Plane plane{images[2], images[3], window_};
  const std::int64_t x_size = images[2] * images[3], y_size = y.shape[2] * y.shape[3];
  dispatch(x.dtype, [&]<class T>(T) {
    const T* const x_data = x.as<T>().data();
    const T* const from = grad_y.as<T>().data();
    T* const to = grad_x.as<T>().data();
    for_each_plane(images, x.layout, context.pool, [&](std::int64_t index, auto block) {
      ref::max_pool_vjp<block>(plane, x_data + index * x_size * block,
                               from + index * y_size * block, to + index * x_size * block);
    });
  });
}

std::unique_ptr<Layer> make_maxpool(LayerRequest& request) {
  const Window window = pooling_window(request.arguments);
  as_images(request.x, "");
  return std::make_unique<MaxPool>(window, request.path);
}

}  // namespace plumb
