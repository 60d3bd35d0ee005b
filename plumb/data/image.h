// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace plumb {

/// An image in memory, rows from the top: `pixels` is [height, width, 3], red, green, blue.
struct Image {
  std::int64_t height = 0;
  std::int64_t width = 0;
  bool is_grey = false;  ///< the file has grey levels only, so that all three are equal
  std::vector<std::uint8_t> pixels;
};

/// Decodes a PNG or JPEG by its first bytes. 16 bits become 8, palettes colours; what is
/// transparent is laid on white.
///
/// Errors  DataError "PLACE: ...": another format, damage of any kind, also where a decoder would
///         fill in what is missing; more than 2^26 pixels.
/// Source  PNG specification 2nd edition (libpng); ITU-T T.81 (libjpeg-turbo).
Image decode_image(std::span<const std::byte> bytes, const std::string& place);

/// Height and width of another size by a triangle filter, which is as wide as a pixel of the
/// coarser side: bilinear where it enlarges, and an average of all pixels where it shrinks
/// (Pillow's BILINEAR). `from` is [height, width, channels], the answer [to_height, to_width,
/// channels].
std::vector<float> resize_image(std::span<const float> from, std::int64_t height,
                                std::int64_t width, std::int64_t channels, std::int64_t to_height,
                                std::int64_t to_width);

}  // namespace plumb
