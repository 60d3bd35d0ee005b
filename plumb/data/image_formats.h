// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/data/image.h"

namespace plumb {

/// More than any camera gives: a larger size is taken for damage, and nothing is allocated for it.
inline constexpr std::uint64_t kMaxPixels = std::uint64_t{1} << 26;

Image decode_png(std::span<const std::byte> bytes, const std::string& place);
Image decode_jpeg(std::span<const std::byte> bytes, const std::string& place);

/// Throws a DataError for sizes of 0 or above kMaxPixels.
void check_image_size(std::uint64_t height, std::uint64_t width, const std::string& place);

}  // namespace plumb
