// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/table_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "plumb/core/error.h"
#include "plumb/data/inflate.h"
#include "plumb/data/text_format.h"

namespace plumb {

namespace {

/// A gzipped table expands tenfold or so. More than this, and it was made to fill the memory.
constexpr std::uint64_t kMaxExpansion = 100;
constexpr std::uint64_t kMinTextLimit = std::uint64_t{1} << 28;
constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";

/// What people hand over in place of a text, by its first bytes.
constexpr std::array<std::pair<std::string_view, std::string_view>, 15> kOtherFormats{{
    {"PK\x03\x04", "a zip archive or a spreadsheet (xlsx)"},
    {"\xD0\xCF\x11\xE0", "an Excel file (xls)"},
    {"PAR1", "a Parquet file"},
    {"%PDF", "a PDF"},
    {"BZh", "a bzip2 archive"},
    {"\xFD\x37zXZ", "an xz archive"},
    {"\x28\xB5\x2F\xFD", "a zstd archive"},
    {"7z\xBC\xAF", "a 7z archive"},
    {"SQLite format 3", "an SQLite database"},
    {"\x89HDF", "an HDF5 file"},
    {"\x93NUMPY", "an array of numpy (npz: reads numpy.savez)"},
    {"ARROW1", "a Feather file"},
    {"$FL2", "an SPSS file"},
    {"<stata_dta>", "a Stata file"},
    {"RDX", "an R data file"},
}};

void append_utf8(std::string& text, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

/// Length of the UTF-8 sequence that begins here; 0 if there is none.
std::size_t utf8_length(std::string_view rest) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
  const unsigned char lead = byte(0);
  const std::size_t length = lead < 0x80                   ? 1
                             : lead >= 0xC2 && lead < 0xE0 ? 2
                             : lead >= 0xE0 && lead < 0xF0 ? 3
                             : lead >= 0xF0 && lead < 0xF5 ? 4
                                                           : 0;
  if (length > rest.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string from_windows_1252(std::string_view text) {
  // The bytes 0x80 to 0x9F; all others are the code points of Latin-1. Five are not assigned.
  constexpr std::array<std::uint16_t, 32> kHigh{
      0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
      0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
      0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};
  std::string utf8;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    append_utf8(utf8, byte >= 0x80 && byte < 0xA0 ? kHigh[byte - 0x80u] : byte);
  }
  return utf8;
}

std::string from_utf16(std::string_view text, bool big_endian, const std::string& place) {
  if (text.size() % 2 != 0) {
    throw DataError(
        fmt::format("{}: UTF-16 text of {} bytes, expected pairs of bytes", place, text.size()));
  }
  const auto unit = [&](std::size_t i) {
    const auto first = static_cast<unsigned char>(text[i]);
    const auto second = static_cast<unsigned char>(text[i + 1]);
    return static_cast<std::uint32_t>(big_endian ? first << 8 | second : second << 8 | first);
  };
  std::string utf8;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    std::uint32_t code = unit(i);
    if (code >= 0xD800 && code < 0xE000) {
      const std::uint32_t low = code < 0xDC00 && i + 2 < text.size() ? unit(i + 2) : 0;
      if (low < 0xDC00 || low >= 0xE000) {
        throw DataError(
            fmt::format("{}: half a surrogate pair at byte {}, expected UTF-16 text", place, i));
      }
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      i += 2;
    }
    append_utf8(utf8, code);
  }
  return utf8;
}

/// 'L' or 'B' (which end comes first) for UTF-16, 0 for other text.
char utf16_order(std::string_view text) {
  if (text.starts_with("\xFF\xFE")) return 'L';
  if (text.starts_with("\xFE\xFF")) return 'B';
  // Without a mark: a table is mostly ASCII, so every other byte is 0.
  const std::string_view head = text.substr(0, 1000);
  std::array<std::size_t, 2> zeros{};
  for (std::size_t i = 0; i < head.size(); ++i) zeros[i % 2] += head[i] == '\0' ? 1 : 0;
  if (10 * zeros[1] > 4 * head.size() && zeros[0] * 10 < head.size()) return 'L';
  if (10 * zeros[0] > 4 * head.size() && zeros[1] * 10 < head.size()) return 'B';
  return '\0';
}

void add(std::string& list, std::string_view word) {
  list += list.empty() ? "" : ", ";
  list += word;
}

[[noreturn]] void refuse_format(const std::string& place, std::string_view what) {
  throw DataError(
      fmt::format("{}: is {}, expected a text table: save it as CSV (pandas: read it, then to_csv)",
                  place, what));
}

}  // namespace

TableText decode_table(std::span<const std::byte> bytes, const std::string& place) {
  TableText table;
  table.text.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (table.text.starts_with("\x1F\x8B")) {
    const std::uint64_t limit = std::max(kMinTextLimit, kMaxExpansion * bytes.size());
    const auto plain = inflate_bytes(bytes, Wrapping::gzip, limit, place);
    if (plain.size() == limit) {
      throw DataError(
          fmt::format("{}: {} bytes expand to {} or more, expected less: unpack it first", place,
                      bytes.size(), limit));
    }
    table.text.assign(reinterpret_cast<const char*>(plain.data()), plain.size());
    add(table.encoding, "gzip");
  }
  for (const auto& [start, what] : kOtherFormats) {
    if (table.text.starts_with(start)) refuse_format(place, what);
  }
  if (const char order = utf16_order(table.text)) {
    table.text = from_utf16(table.text, order == 'B', place);
    add(table.encoding, "UTF-16");
  } else if (!is_utf8(table.text)) {
    table.text = from_windows_1252(table.text);
    add(table.encoding, "Windows-1252");
  }
  if (table.text.starts_with(kUtf8Mark)) table.text.erase(0, kUtf8Mark.size());
  if (const std::size_t zero = table.text.find('\0'); zero != std::string::npos) {
    throw DataError(fmt::format("{}: holds a zero byte at {}, expected a text table", place, zero));
  }
  if (const auto what = other_text_format(table.text); !what.empty()) refuse_format(place, what);
  if (table.text.find('\n') == std::string::npos) std::ranges::replace(table.text, '\r', '\n');
  return table;
}

}  // namespace plumb
