// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/idx.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "plumb/data/byte_reader.h"
#include "plumb/data/checked_size.h"
#include "plumb/data/file_bytes.h"
#include "plumb/data/inflate.h"

namespace plumb {

namespace {

constexpr std::uint32_t kUnsignedBytes = 0x08;

bool is_gzip(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{0x1F} && bytes[1] == std::byte{0x8B};
}

std::vector<std::uint64_t> read_extents(ByteReader& reader, int rank) {
  const std::uint32_t magic = reader.big<std::uint32_t>("the IDX magic");
  const std::uint32_t expected = kUnsignedBytes << 8 | static_cast<std::uint32_t>(rank);
  if (magic != expected) {
    reader.fail(fmt::format("the IDX magic is 0x{:08x}, expected 0x{:08x} (unsigned bytes, {} {})",
                            magic, expected, rank, rank == 1 ? "axis" : "axes"));
  }
  std::vector<std::uint64_t> extents;
  extents.reserve(static_cast<std::size_t>(rank));
  for (int axis = 0; axis < rank; ++axis)
    extents.push_back(reader.big<std::uint32_t>("the IDX header"));
  return extents;
}

}  // namespace

IdxArray parse_idx(std::span<const std::byte> bytes, int rank, const std::string& place) {
  const std::uint64_t header_bytes = 4 + 4 * static_cast<std::uint64_t>(rank);
  const bool gzip = is_gzip(bytes);
  std::vector<std::byte> inflated;
  if (gzip) inflated = inflate_bytes(bytes, Wrapping::gzip, header_bytes, place);
  ByteReader reader(gzip ? std::span<const std::byte>(inflated) : bytes, place);
  IdxArray array{.extents = read_extents(reader, rank), .values = {}};
  const auto size = checked_size(array.extents);
  if (gzip && size) {
    // One byte of room more shows that the data goes on after the last element.
    inflated = inflate_bytes(bytes, Wrapping::gzip, header_bytes + *size + 1, place);
  }
  const auto elements = (gzip ? std::span<const std::byte>(inflated) : bytes).subspan(header_bytes);
  if (!size || *size != elements.size()) {
    const bool more = size && elements.size() > *size;
    reader.fail(fmt::format("{} bytes follow the IDX header, expected {}",
                            more ? "more" : fmt::format("{}", elements.size()),
                            fmt::join(array.extents, " x ")));
  }
  const auto* first = reinterpret_cast<const std::uint8_t*>(elements.data());
  array.values.assign(first, first + elements.size());
  return array;
}

IdxArray read_idx(const std::string& path, int rank) {
  return parse_idx(read_file(path), rank, path);
}

}  // namespace plumb
