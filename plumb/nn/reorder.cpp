// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/reorder.h"

#include <algorithm>

namespace plumb {

namespace {

constexpr std::int64_t kTile = 16;  // positions: the lines that a tile writes stay in the cache

/// One block of channels: plain [kBlock, area] and blocked [area, kBlock].
template <std::int64_t kBlock, class T>
void to_blocked(const T* plain, std::int64_t area, T* blocked) {
  for (std::int64_t begin = 0; begin < area; begin += kTile) {
    const std::int64_t end = std::min(begin + kTile, area);
    for (std::int64_t p = begin; p < end; ++p) {
      for (std::int64_t c = 0; c < kBlock; ++c) blocked[p * kBlock + c] = plain[c * area + p];
    }
  }
}

template <std::int64_t kBlock, class T>
void to_plain(const T* blocked, std::int64_t area, T* plain) {
  for (std::int64_t begin = 0; begin < area; begin += kTile) {
    const std::int64_t end = std::min(begin + kTile, area);
    for (std::int64_t c = 0; c < kBlock; ++c) {
      for (std::int64_t p = begin; p < end; ++p) plain[c * area + p] = blocked[p * kBlock + c];
    }
  }
}

template <std::int64_t kBlock, class T>
void reorder_blocks(const T* from, bool from_plain, T* to, const Shape& shape, ThreadPool& pool) {
  PLUMB_CHECK(shape.rank() == 4 && shape[1] % kBlock == 0);
  const std::int64_t area = shape[2] * shape[3], size = area * kBlock;
  pool.run(shape[0] * shape[1] / kBlock, 1 + 8192 / std::max<std::int64_t>(size, 1),
           [&](std::int64_t begin, std::int64_t end) {
             for (std::int64_t block = begin; block < end; ++block) {
               if (from_plain) {
                 to_blocked<kBlock>(from + block * size, area, to + block * size);
               } else {
                 to_plain<kBlock>(from + block * size, area, to + block * size);
               }
             }
           });
}

template <class T>
void reorder_elements(const T* from, Layout from_layout, T* to, Layout to_layout,
                      const Shape& shape, ThreadPool& pool) {
  if (from_layout == to_layout) {
    std::copy_n(from, shape.size(), to);
    return;
  }
  const bool from_plain = from_layout == Layout::row_major;
  PLUMB_CHECK(from_plain || to_layout == Layout::row_major);
  if ((from_plain ? to_layout : from_layout) == Layout::channels_8) {
    reorder_blocks<8>(from, from_plain, to, shape, pool);
  } else {
    reorder_blocks<16>(from, from_plain, to, shape, pool);
  }
}

}  // namespace

void reorder(ConstView from, View to, ThreadPool& pool) {
  PLUMB_CHECK(from.shape.size() == to.shape.size());
  // Where a layer makes one row of an image, the shape of the side in blocks counts.
  const Shape& shape = from.layout != Layout::row_major ? from.shape : to.shape;
  dispatch(from.dtype, [&]<class T>(T) {
    reorder_elements(from.as<T>().data(), from.layout, to.as<T>().data(), to.layout, shape, pool);
  });
}

void reorder_bytes(const std::uint8_t* from, Layout from_layout, std::uint8_t* to, Layout to_layout,
                   const Shape& shape, ThreadPool& pool) {
  reorder_elements(from, from_layout, to, to_layout, shape, pool);
}

}  // namespace plumb
