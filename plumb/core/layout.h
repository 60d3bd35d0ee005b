// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace plumb {

/// The order of a tensor's elements in memory. Only images [batch, channels, height, width] are
/// ever kept in another order than row_major, only where the channels are a multiple of the block,
/// so that there is no padding: what ignores order (sums, maxima, histograms, everything
/// elementwise) reads the memory as it is.
///
/// Element (n, c, y, x) stands at
///   ((n * C / B + c / B) * H * W + y * W + x) * B + c % B,   B = channel_block(layout),
/// which for B = 1 is row-major order. In blocks of 8 or 16 channels one vector register holds the
/// neighbouring channels of one position, which is what convolutions multiply with.
enum class Layout : std::uint8_t { row_major, channels_8, channels_16 };

/// How many channels stand next to each other: 1, 8 or 16.
constexpr std::int64_t channel_block(Layout layout) {
  return layout == Layout::row_major ? 1 : layout == Layout::channels_8 ? 8 : 16;
}

}  // namespace plumb
