// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

#include "plumb/core/error.h"
#include "plumb/data/byte_reader.h"
#include "plumb/data/inflate.h"
#include "plumb/data/zip.h"
#include "plumb/data/zip_format.h"

namespace plumb {

namespace {

using namespace zip_format;

struct Directory {
  std::uint64_t members = 0;
  std::uint64_t offset = 0;
};

/// The end record stands last, before a comment of up to 65535 bytes: it is searched from the back,
/// and a signature counts only if its comment ends where the file ends.
std::uint64_t find_end(std::span<const std::byte> zip, const std::string& place) {
  constexpr std::uint64_t kMaxComment = 0xFFFF;
  for (std::uint64_t comment = 0; comment <= kMaxComment && kEndBytes + comment <= zip.size();
       ++comment) {
    const std::byte* end = zip.data() + (zip.size() - kEndBytes - comment);
    if (load_little<std::uint32_t>(end) == kEnd &&
        load_little<std::uint16_t>(end + 20) == comment) {
      return zip.size() - kEndBytes - comment;
    }
  }
  throw DataError(place + ": not a zip file, or truncated: it has no end record");
}

Directory find_directory(std::span<const std::byte> zip, const std::string& place) {
  const std::uint64_t end = find_end(zip, place);
  ByteReader reader(zip, place);
  reader.seek(end + 4, "the end record");
  const auto disk = reader.little<std::uint16_t>("the end record");
  const auto directory_disk = reader.little<std::uint16_t>("the end record");
  reader.take(2, "the end record");
  Directory directory{.members = reader.little<std::uint16_t>("the end record")};
  reader.take(4, "the end record");
  directory.offset = reader.little<std::uint32_t>("the end record");
  const std::uint64_t locator = end - kZip64EndLocatorBytes;
  if (end >= kZip64EndLocatorBytes &&
      load_little<std::uint32_t>(zip.data() + locator) == kZip64EndLocator) {
    reader.seek(locator + 8, "the zip64 locator");
    reader.seek(reader.little<std::uint64_t>("the zip64 locator"), "the zip64 end record");
    if (reader.little<std::uint32_t>("the zip64 end record") != kZip64End) {
      reader.fail("the zip64 end record is not where its locator says");
    }
    reader.take(28, "the zip64 end record");
    directory.members = reader.little<std::uint64_t>("the zip64 end record");
    reader.take(8, "the zip64 end record");
    directory.offset = reader.little<std::uint64_t>("the zip64 end record");
  } else if (disk != 0 || directory_disk != 0) {
    reader.fail("the zip file is one of several parts, expected a whole one");
  }
  return directory;
}

/// Takes from the zip64 extra field what the 32-bit fields of the member leave to it.
void read_zip64_extra(std::span<const std::byte> extra, const std::string& place,
                      ZipMember& member) {
  ByteReader reader(extra, place);
  constexpr std::string_view kWhat = "the extra field of a zip member";
  while (reader.remaining() >= 4) {
    const auto id = reader.little<std::uint16_t>(kWhat);
    const auto field = reader.take(reader.little<std::uint16_t>(kWhat), kWhat);
    if (id != kZip64Extra) continue;
    ByteReader values(field, place);
    for (std::uint64_t* value : {&member.bytes, &member.compressed_bytes, &member.header_offset}) {
      if (*value == kInZip64)
        *value = values.little<std::uint64_t>("the zip64 field of a zip member");
    }
    return;
  }
}

ZipMember read_member(ByteReader& reader) {
  constexpr std::string_view kWhat = "the zip directory";
  if (reader.little<std::uint32_t>(kWhat) != kCentralHeader) {
    reader.fail(fmt::format("the zip directory has no member at byte {}, expected one",
                            reader.position() - 4));
  }
  ZipMember member;
  reader.take(4, kWhat);
  member.flags = reader.little<std::uint16_t>(kWhat);
  member.method = reader.little<std::uint16_t>(kWhat);
  reader.take(4, kWhat);
  member.crc = reader.little<std::uint32_t>(kWhat);
  member.compressed_bytes = reader.little<std::uint32_t>(kWhat);
  member.bytes = reader.little<std::uint32_t>(kWhat);
  const auto name_bytes = reader.little<std::uint16_t>(kWhat);
  const auto extra_bytes = reader.little<std::uint16_t>(kWhat);
  const auto comment_bytes = reader.little<std::uint16_t>(kWhat);
  reader.take(8, kWhat);
  member.header_offset = reader.little<std::uint32_t>(kWhat);
  const auto name = reader.take(name_bytes, kWhat);
  member.name.assign(reinterpret_cast<const char*>(name.data()), name.size());
  read_zip64_extra(reader.take(extra_bytes, kWhat), reader.place(), member);
  reader.take(comment_bytes, kWhat);
  return member;
}

}  // namespace

std::vector<ZipMember> zip_directory(std::span<const std::byte> zip, const std::string& place) {
  const Directory directory = find_directory(zip, place);
  ByteReader reader(zip, place);
  reader.seek(directory.offset, "the zip directory");
  std::vector<ZipMember> members;
  std::uint64_t remaining = zip.size();
  for (std::uint64_t i = 0; i < directory.members; ++i) {
    members.push_back(read_member(reader));
    if (members.back().compressed_bytes > remaining) {
      reader.fail(
          fmt::format("the zip directory lists more than the {} bytes of the file", zip.size()));
    }
    remaining -= members.back().compressed_bytes;
  }
  return members;
}

std::vector<std::byte> zip_content(std::span<const std::byte> zip, const ZipMember& member,
                                   const std::string& place) {
  ByteReader reader(zip, place);
  constexpr std::string_view kWhat = "a zip member's header";
  if (member.flags & kEncryptedFlag) reader.fail("the zip member is encrypted, expected plain");
  reader.seek(member.header_offset, kWhat);
  if (reader.little<std::uint32_t>(kWhat) != kLocalHeader) {
    reader.fail(
        fmt::format("no zip member at byte {}, where the directory puts it", member.header_offset));
  }
  reader.take(22, kWhat);
  const auto name_bytes = reader.little<std::uint16_t>(kWhat);
  const auto extra_bytes = reader.little<std::uint16_t>(kWhat);
  reader.take(std::uint64_t{name_bytes} + extra_bytes, kWhat);
  const auto packed = reader.take(member.compressed_bytes, "the zip member");
  std::vector<std::byte> content;
  if (member.method == kStored) {
    content.assign(packed.begin(), packed.end());
  } else if (member.method == kDeflated) {
    // One byte of room more shows a member that is longer than it claims.
    content = inflate_bytes(packed, Wrapping::raw, member.bytes + (member.bytes + 1 != 0), place);
  } else {
    reader.fail(fmt::format("zip method {}, expected 0 (stored) or 8 (deflated)", member.method));
  }
  if (content.size() != member.bytes) {
    reader.fail(fmt::format("the zip member holds {} {} bytes, expected {}",
                            content.size() > member.bytes ? "more than" : "only",
                            std::min<std::uint64_t>(content.size(), member.bytes), member.bytes));
  }
  const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size());
  if (crc != member.crc) {
    reader.fail(fmt::format("the zip member's CRC is {:08x}, expected {:08x}", crc, member.crc));
  }
  return content;
}

}  // namespace plumb
