// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plumb {

/// One member of a zip file, as its central directory tells.
struct ZipMember {
  std::string name;
  std::uint16_t flags = 0;
  std::uint16_t method = 0;  ///< 0 stored, 8 deflated
  std::uint32_t crc = 0;
  std::uint64_t compressed_bytes = 0;
  std::uint64_t bytes = 0;
  std::uint64_t header_offset = 0;
};

/// The members of a zip (or zip64) file. Their compressed bytes together are no more than the file,
/// so a directory that points many times at the same bytes is refused.
/// Errors  DataError "PLACE: ...": no zip, truncated, in several parts, damaged.
std::vector<ZipMember> zip_directory(std::span<const std::byte> zip, const std::string& place);

/// The content of one member, decompressed, its length and CRC checked.
/// Errors  DataError "PLACE: ...": encrypted, an unknown method, damaged.
std::vector<std::byte> zip_content(std::span<const std::byte> zip, const ZipMember& member,
                                   const std::string& place);

/// Writes a zip file of stored (not compressed) members to a stream, one after another.
///
/// Where a length or an offset reaches `zip64_from` the zip64 fields are used; 2^32 - 1 is the
/// format's own limit, tests set a lower one.
class ZipWriter {
 public:
  explicit ZipWriter(std::ostream& out, std::uint64_t zip64_from = 0xFFFFFFFF)
      : out_(out), zip64_from_(zip64_from) {}

  /// Adds a member whose content is `head` and then `body`.
  void add(const std::string& name, std::string_view head, std::span<const std::byte> body);
  /// Writes the central directory. The last call.
  void finish();

 private:
  void write(std::string_view bytes);

  std::ostream& out_;
  std::uint64_t zip64_from_;
  std::uint64_t position_ = 0;
  std::vector<ZipMember> members_;
};

}  // namespace plumb
