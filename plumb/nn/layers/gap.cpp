// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/gap.h"

#include "plumb/nn/layers/image_shape.h"

namespace plumb {

namespace {
/// The window that is the whole image.
ref::Plane whole(const Shape& images) {
  return {images[2], images[3], {{images[2], 1, 0}, {images[3], 1, 0}}};
}
}  // namespace

Shape Gap::output_shape(const Shape& x) const {
  const Shape images = as_images(x, path_);
  return {images[0], images[1]};
}

/// Channels of one position stand in order in every layout, so the means come out row-major.
LayerLayouts Gap::layouts(const Shape& /*x*/, Layout offered) const {
  return {offered, Layout::row_major};
}

void Gap::forward(ConstView x, View y, const Context& context) {
  const Shape images = as_images(x.shape, path_);
  const std::int64_t area = images[2] * images[3];
  dispatch(x.dtype, [&]<class T>(T) {
    const T* const from = x.as<T>().data();
    T* const to = y.as<T>().data();
    for_each_plane(images, x.layout, context.pool, [&](std::int64_t index, auto block) {
      ref::average_pool<block>(whole(images), static_cast<T>(area), from + index * area * block,
                               to + index * block);
    });
  });
}

void Gap::backward(ConstView x, ConstView /*y*/, ConstView grad_y, View grad_x,
                   const Context& context) {
  if (!grad_x) return;
  const Shape images = as_images(x.shape, path_);
  const std::int64_t area = images[2] * images[3];
  dispatch(x.dtype, [&]<class T>(T) {
    const T* const from = grad_y.as<T>().data();
    T* const to = grad_x.as<T>().data();
    for_each_plane(images, x.layout, context.pool, [&](std::int64_t index, auto block) {
      ref::average_pool_vjp<block>(whole(images), static_cast<T>(area), from + index * block,
                                   to + index * area * block);
    });
  });
}

std::unique_ptr<Layer> make_gap(LayerRequest& request) {
  request.arguments.done();
  as_images(request.x, "");
  return std::make_unique<Gap>(request.path);
}

}  // namespace plumb
