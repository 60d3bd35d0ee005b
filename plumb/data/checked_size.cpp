// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/checked_size.h"

#include <algorithm>

namespace plumb {

std::optional<std::uint64_t> checked_size(std::span<const std::uint64_t> extents) {
  std::uint64_t remaining = std::uint64_t{1} << 60;
  std::uint64_t size = 1;
  for (const std::uint64_t extent : extents) {
    remaining /= std::max<std::uint64_t>(extent, 1);
    if (remaining == 0) return std::nullopt;
    size *= extent;
  }
  return size;
}

}  // namespace plumb
