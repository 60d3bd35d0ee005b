// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/byte_reader.h"

#include <fmt/format.h>

#include "plumb/core/error.h"

namespace plumb {

void ByteReader::seek(std::uint64_t position, std::string_view what) {
  if (position > bytes_.size()) {
    fail(fmt::format("{} should begin at byte {}, but the data ends at byte {}", what, position,
                     bytes_.size()));
  }
  position_ = static_cast<std::size_t>(position);
}

std::span<const std::byte> ByteReader::take(std::uint64_t count, std::string_view what) {
  if (count > remaining()) {
    fail(fmt::format("truncated: {} takes {} bytes from byte {}, but the data ends at byte {}",
                     what, count, position_, bytes_.size()));
  }
  const auto taken = bytes_.subspan(position_, static_cast<std::size_t>(count));
  position_ += taken.size();
  return taken;
}

void ByteReader::fail(std::string_view message) const {
  throw DataError(fmt::format("{}: {}", place_, message));
}

}  // namespace plumb
