// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>

#include <algorithm>
#include <concepts>

#include "plumb/data/zip.h"
#include "plumb/data/zip_format.h"

namespace plumb {

namespace {

using namespace zip_format;

constexpr std::uint16_t kVersion = 20, kZip64Version = 45;  // 4.4.3
constexpr std::uint16_t kDosDate = 1 << 5 | 1;  // 1980-01-01: the same bytes at any time

/// A record under construction, fields least significant byte first.
class Record {
 public:
  template <std::unsigned_integral T>
  Record& put(T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      bytes_ += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xFF);
    }
    return *this;
  }
  Record& put(std::string_view text) {
    bytes_ += text;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

std::uint16_t short_size(const std::string& text) {
  return static_cast<std::uint16_t>(text.size());
}

/// The fields that local and central headers share, from "version needed" to the length of the
/// name.
void put_common(Record& record, const ZipMember& member, bool zip64) {
  const std::uint32_t bytes = zip64 ? kInZip64 : static_cast<std::uint32_t>(member.bytes);
  record.put(zip64 ? kZip64Version : kVersion)
      .put(member.flags)
      .put(member.method)
      .put(std::uint16_t{0})
      .put(kDosDate)
      .put(member.crc)
      .put(bytes)
      .put(bytes)
      .put(short_size(member.name));
}

}  // namespace

void ZipWriter::write(std::string_view bytes) {
  out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  position_ += bytes.size();
}

void ZipWriter::add(const std::string& name, std::string_view head,
                    std::span<const std::byte> body) {
  ZipMember member{.name = name, .method = kStored, .header_offset = position_};
  const bool is_ascii =
      std::all_of(name.begin(), name.end(), [](char c) { return (c & 0x80) == 0; });
  if (!is_ascii) member.flags = kUtf8Flag;
  auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(head.data()), head.size());
  crc = crc32_z(crc, reinterpret_cast<const Bytef*>(body.data()), body.size());
  member.crc = static_cast<std::uint32_t>(crc);
  member.compressed_bytes = member.bytes = head.size() + body.size();

  const bool zip64 = member.bytes >= zip64_from_;
  Record extra, header;
  if (zip64) extra.put(kZip64Extra).put(std::uint16_t{16}).put(member.bytes).put(member.bytes);
  header.put(kLocalHeader);
  put_common(header, member, zip64);
  write(header.put(short_size(extra.bytes())).put(member.name).put(extra.bytes()).bytes());
  write(head);
  write({reinterpret_cast<const char*>(body.data()), body.size()});
  members_.push_back(std::move(member));
}

void ZipWriter::finish() {
  const std::uint64_t directory = position_;
  for (const ZipMember& member : members_) {
    const bool zip64 = std::max(member.bytes, member.header_offset) >= zip64_from_;
    Record extra, header;
    if (zip64) {
      extra.put(kZip64Extra).put(std::uint16_t{24}).put(member.bytes).put(member.bytes);
      extra.put(member.header_offset);
    }
    header.put(kCentralHeader).put(kZip64Version);
    put_common(header, member, zip64);
    header.put(short_size(extra.bytes()))
        .put(std::uint16_t{0})  // comment
        .put(std::uint16_t{0})  // disk
        .put(std::uint16_t{0})  // internal attributes
        .put(std::uint32_t{0})  // external attributes
        .put(zip64 ? kInZip64 : static_cast<std::uint32_t>(member.header_offset));
    write(header.put(member.name).put(extra.bytes()).bytes());
  }
  const std::uint64_t directory_bytes = position_ - directory;
  const std::uint64_t count = members_.size();
  const bool zip64 = std::max(directory, directory_bytes) >= zip64_from_ || count >= kInZip64Short;
  Record end;
  if (zip64) {
    const std::uint64_t zip64_end = position_;
    end.put(kZip64End)
        .put(std::uint64_t{kZip64EndBytes - 12})
        .put(kZip64Version)
        .put(kZip64Version);
    end.put(std::uint32_t{0}).put(std::uint32_t{0}).put(count).put(count);
    end.put(directory_bytes).put(directory);
    end.put(kZip64EndLocator).put(std::uint32_t{0}).put(zip64_end).put(std::uint32_t{1});
  }
  const auto short_count = zip64 ? kInZip64Short : static_cast<std::uint16_t>(count);
  end.put(kEnd).put(std::uint16_t{0}).put(std::uint16_t{0}).put(short_count).put(short_count);
  end.put(zip64 ? kInZip64 : static_cast<std::uint32_t>(directory_bytes));
  end.put(zip64 ? kInZip64 : static_cast<std::uint32_t>(directory)).put(std::uint16_t{0});
  write(end.bytes());
}

}  // namespace plumb
