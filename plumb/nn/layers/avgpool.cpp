// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/avgpool.h"

#include "plumb/nn/layers/image.h"

namespace plumb {

Shape AvgPool::output_shape(const Shape& x) const {
  const Shape images = as_images(x, path_);
  return slide(images, images[1], window_, path_);
}

LayerLayouts AvgPool::layouts(const Shape& /*x*/, Layout offered) const {
  return {offered, offered};
}

void AvgPool::forward(ConstView x, View y, const Context& context) {
  const Shape images = as_images(x.shape, path_);
  const ref::Plane plane{images[2], images[3], window_};
  const std::int64_t x_size = images[2] * images[3], y_size = y.shape[2] * y.shape[3];
  dispatch(x.dtype, [&]<class T>(T) {
    const T* const from = x.as<T>().data();
    T* const to = y.as<T>().data();
    const T area = static_cast<T>(window_.vertical.size * window_.horizontal.size);
    for_each_plane(images, x.layout, context.pool, [&](std::int64_t index, auto block) {
      ref::average_pool<block>(plane, area, from + index * x_size * block,
                               to + index * y_size * block);
    });
  });
}

void AvgPool::backward(ConstView x, ConstView y, ConstView grad_y, View grad_x,
                       const Context& context) {
  if (!grad_x) return;
  const Shape images = as_images(x.shape, path_);
  const ref::Plane plane{images[2], images[3], window_};
  const std::int64_t x_size = images[2] * images[3], y_size = y.shape[2] * y.shape[3];
  dispatch(x.dtype, [&]<class T>(T) {
    const T* const from = grad_y.as<T>().data();
    T* const to = grad_x.as<T>().data();
    const T area = static_cast<T>(window_.vertical.size * window_.horizontal.size);
    for_each_plane(images, x.layout, context.pool, [&](std::int64_t index, auto block) {
      ref::average_pool_vjp<block>(plane, area, from + index * y_size * block,
                                   to + index * x_size * block);
    });
  });
}

std::unique_ptr<Layer> make_avgpool(LayerRequest& request) {
  const Window window = pooling_window(request.arguments);
  as_images(request.x, "");
  return std::make_unique<AvgPool>(window, request.path);
}

}  // namespace plumb
