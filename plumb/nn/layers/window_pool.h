// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "plumb/nn/layer_request.h"
#include "plumb/nn/layers/image_shape.h"
#include "plumb/nn/layers/pooling.h"

namespace plumb {

/// A layer that makes one value of each window of each channel: images [batch, channels, height,
/// width] or [channels, height, width] rows become [batch, channels, rows, columns]
/// (image.h: slide). What it makes of a window is the Rule's:
///   Rule::kKind                                 "maxpool"
///   Rule::forward<block>(plane, x, y)           of `block` neighbouring channels (ref/pooling.h)
///   Rule::vjp<block>(plane, x, grad_y, grad_x)
/// Threads Split by planes; the bits do not depend on the split.
template <class Rule>
class WindowPool final : public Pooling {
 public:
  WindowPool(const Window& window, std::string path) : window_(window), path_(std::move(path)) {}
  std::string_view kind() const override { return Rule::kKind; }
  Shape output_shape(const Shape& x) const override {
    const Shape images = as_images(x, path_);
    return slide(images, images[1], window_, path_);
  }
  LayerLayouts layouts(const Shape& /*x*/, Layout offered) const override {
    return {offered, offered};
  }
  void forward(ConstView x, View y, const Context& context) override;
  void backward(ConstView x, ConstView y, ConstView grad_y, View grad_x,
                const Context& context) override;

 private:
  Window window_;
  std::string path_;
};

template <class Rule>
void WindowPool<Rule>::forward(ConstView x, View y, const Context& context) {
  const Shape images = as_images(x.shape, path_);
  const ref::Plane plane{images[2], images[3], window_};
  const std::int64_t x_size = images[2] * images[3], y_size = y.shape[2] * y.shape[3];
  dispatch(x.dtype, [&]<class T>(T) {
    const T* const from = x.as<T>().data();
    T* const to = y.as<T>().data();
    for_each_plane(images, x.layout, context.pool, [&](std::int64_t index, auto block) {
      Rule::template forward<block>(plane, from + index * x_size * block,
                                    to + index * y_size * block);
    });
  });
}

template <class Rule>
void WindowPool<Rule>::backward(ConstView x, ConstView y, ConstView grad_y, View grad_x,
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
      Rule::template vjp<block>(plane, x_data + index * x_size * block,
                                from + index * y_size * block, to + index * x_size * block);
    });
  });
}

/// The factory of one, for the table of layers.
template <class Rule>
std::unique_ptr<Layer> make_window_pool(LayerRequest& request) {
  const Window window = pooling_window(request.arguments);
  as_images(request.x, "");
  return std::make_unique<WindowPool<Rule>>(window, request.path);
}

}  // namespace plumb
