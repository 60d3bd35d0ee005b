// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/kernels/ref/pooling.h"
#include "plumb/nn/layer.h"

namespace plumb {

/// Base of the layers that look at each channel of an image alone: maxpool, avgpool, gap. They take
/// blocked images as they are.
///
/// Threads Planes are split; the bits do not depend on the split.
class Pooling : public Layer {
 public:
  LayerFamily family() const override { return LayerFamily::pooling; }

 protected:
  /// Calls body(plane, integral_constant<block>) on the pool for every plane of the images: the
  /// height x width x block elements of block neighbouring channels.
  template <class Body>
  static void for_each_plane(const Shape& images, Layout layout, ThreadPool& pool,
                             const Body& body) {
    const auto run = [&]<std::int64_t kBlock>(std::integral_constant<std::int64_t, kBlock> block) {
      const std::int64_t size = images[2] * images[3] * kBlock;
      constexpr std::int64_t kElementsPerChunk = 8192;
      pool.run(images[0] * images[1] / kBlock, kElementsPerChunk / std::max<std::int64_t>(size, 1),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t plane = begin; plane < end; ++plane) body(plane, block);
               });
    };
    switch (layout) {
      case Layout::row_major: return run(std::integral_constant<std::int64_t, 1>{});
      case Layout::channels_8: return run(std::integral_constant<std::int64_t, 8>{});
      case Layout::channels_16: return run(std::integral_constant<std::int64_t, 16>{});
    }
  }
};

}  // namespace plumb
