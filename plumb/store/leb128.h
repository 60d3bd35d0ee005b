// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

/// Unsigned integers of any size as bytes, LEB128: 7 bits a byte, lowest first, the high bit set on
/// all but the last byte of a number. Private to store/.
namespace plumb::store {

inline constexpr std::size_t kMostLebBytes = 10;  ///< of a number of 64 bits

/// Writes to memory that has room for kMostLebBytes; returns the end of what was written.
inline std::uint8_t* put_leb(std::uint64_t number, std::uint8_t* to) {
  while (number >= 0x80) {
    *to++ = static_cast<std::uint8_t>(number | 0x80);
    number >>= 7;
  }
  *to++ = static_cast<std::uint8_t>(number);
  return to;
}

/// Takes one number off the front; nullopt if the bytes end inside it or it has more than 64 bits.
inline std::optional<std::uint64_t> take_leb(std::span<const std::uint8_t>& bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes.size() && i < kMostLebBytes; ++i) {
    const std::uint64_t digit = bytes[i] & 0x7fU;
    if (i == kMostLebBytes - 1 && digit > 1) return std::nullopt;
    number |= digit << (7 * i);
    if (bytes[i] < 0x80) {
      bytes = bytes.subspan(i + 1);
      return number;
    }
  }
  return std::nullopt;
}

}  // namespace plumb::store
