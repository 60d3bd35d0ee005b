// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/pad_shortcut.h"

#include <algorithm>

#include "plumb/nn/layers/activation.h"
#include "plumb/nn/layers/image_shape.h"

namespace plumb {

namespace {

/// Features are images of one pixel.
Shape seen_as_images(const Shape& x) {
  return x.rank() == 2 ? Shape{x[0], x[1], 1, 1} : as_images(x, "");
}

}  // namespace

std::optional<std::int64_t> stride_between(std::int64_t from, std::int64_t to) {
  for (std::int64_t stride = 1; stride <= from; ++stride) {
    if ((from - 1) / stride + 1 == to) return stride;
  }
  return std::nullopt;
}

PadShortcut::PadShortcut(const Shape& x, const Shape& y)
    : x_row_(x.row_shape()), y_row_(y.row_shape()) {
  const Shape from = seen_as_images(x), to = seen_as_images(y);
  const auto vertical = stride_between(from[2], to[2]);
  const auto horizontal = stride_between(from[3], to[3]);
  if (to[1] < from[1] || !vertical || !horizontal) {
    throw ShapeError(
        "pad cannot turn " + x_row_.to_string() + " into " + y_row_.to_string() +
        " a sample, expected as many channels or more, and a size that a stride makes");
  }
  channels_ = from[1];
  height_ = from[2];
  width_ = from[3];
  out_height_ = to[2];
  out_width_ = to[3];
  vertical_ = *vertical;
  horizontal_ = *horizontal;
}

Shape PadShortcut::output_shape(const Shape& x) const {
  if (x.row_shape() != x_row_) {
    throw ShapeError("pad: x has shape " + x.to_string() + ", expected " + x_row_.to_string() +
                     " a sample");
  }
  std::vector<std::int64_t> extents{x[0]};
  extents.insert(extents.end(), y_row_.extents().begin(), y_row_.extents().end());
  return Shape(std::span<const std::int64_t>(extents));
}

/// Calls f(place in x, place in y) for each block of channels at each pixel that is kept.
template <class F>
void PadShortcut::for_each_pixel(std::int64_t block, const F& f) const {
  std::int64_t to = 0;
  for (std::int64_t c = 0; c < channels_ / block; ++c) {
    for (std::int64_t i = 0; i < out_height_; ++i) {
      for (std::int64_t j = 0; j < out_width_; ++j, to += block) {
        f(((c * height_ + i * vertical_) * width_ + j * horizontal_) * block, to);
      }
    }
  }
}

LayerLayouts PadShortcut::layouts(const Shape& /*x*/, Layout offered) const {
  const std::int64_t out_channels = y_row_.size() / (out_height_ * out_width_);
  return out_channels % channel_block(offered) == 0 ? LayerLayouts{offered, offered}
                                                    : LayerLayouts{};
}

void PadShortcut::forward(ConstView x, View y, const Context& context) {
  dispatch(x.dtype, [&]<class T>(T) {
    const std::int64_t row = y.shape.row_size();
    const std::int64_t block = channel_block(x.layout);
    context.pool.run(y.shape[0], kElementwiseGrain / row + 1, [&](auto begin, auto end) {
      for (auto n = begin; n < end; ++n) {
        const T* const in = x.as<T>().data() + n * x.shape.row_size();
        T* const out = y.as<T>().data() + n * row;
        std::fill(out, out + row, T(0));
        for_each_pixel(block, [&](std::int64_t from, std::int64_t to) {
          std::copy_n(in + from, block, out + to);
        });
      }
    });
  });
}

void PadShortcut::backward(ConstView /*x*/, ConstView /*y*/, ConstView grad_y, View grad_x,
                           const Context& context) {
  if (!grad_x) return;
  dispatch(grad_y.dtype, [&]<class T>(T) {
    const std::int64_t row = grad_x.shape.row_size();
    const std::int64_t block = channel_block(grad_x.layout);
    context.pool.run(grad_x.shape[0], kElementwiseGrain / row + 1, [&](auto begin, auto end) {
      for (auto n = begin; n < end; ++n) {
        const T* const in = grad_y.as<T>().data() + n * grad_y.shape.row_size();
        T* const out = grad_x.as<T>().data() + n * row;
        std::fill(out, out + row, T(0));
        for_each_pixel(block, [&](std::int64_t from, std::int64_t to) {
          std::copy_n(in + to, block, out + from);
        });
      }
    });
  });
}

}  // namespace plumb
