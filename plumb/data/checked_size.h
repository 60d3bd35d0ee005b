// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace plumb {

/// The product of extents that a file claims, if it and every partial product (an extent of 0
/// counted as 1) stays below 2^60: a Shape of these extents can then be multiplied in any order.
std::optional<std::uint64_t> checked_size(std::span<const std::uint64_t> extents);

}  // namespace plumb
