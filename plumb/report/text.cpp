// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/text.h"

#include <array>
#include <cstdint>

namespace plumb {

namespace {

constexpr char32_t kMalformed = 0xFFFD;

struct Decoded {
  char32_t code = kMalformed;
  std::size_t bytes = 1;
};

// Lenient at the end of the text, strict within: a bad lead or a missing continuation is one
// malformed byte.
Decoded decode(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
  if (bytes == 0 || lead > 0xF4 || at + bytes > text.size()) return {};
  char32_t code = lead & (0x7Fu >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return {};
    code = (code << 6) | (byte(at + i) & 0x3Fu);
  }
  return {code, bytes};
}

struct Range {
  char32_t first, last;
};

// Unicode 15 blocks, coarse: enough that a table with such a label stays aligned.
constexpr std::array<Range, 4> kZeroWidth{
    {{0x300, 0x36F}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}}};
constexpr std::array<Range, 6> kWide{{{0x1100, 0x115F},
                                      {0x2E80, 0xA4CF},
                                      {0xAC00, 0xD7A3},
                                      {0xF900, 0xFAFF},
                                      {0xFE30, 0xFE6F},
                                      {0xFF00, 0xFF60}}};

template <std::size_t N>
bool within(const std::array<Range, N>& ranges, char32_t code) {
  for (const auto& range : ranges) {
    if (code >= range.first && code <= range.last) return true;
  }
  return false;
}

int width_of(char32_t code) {
  if (code < 0x300) return 1;
  if (within(kZeroWidth, code)) return 0;
  if (within(kWide, code) || (code >= 0x1F300 && code <= 0x1FAFF) || code >= 0x20000) return 2;
  return 1;
}

// The longest prefix that fits into `width` columns, in bytes.
std::size_t prefix_bytes(std::string_view text, int width) {
  std::size_t at = 0;
  int used = 0;
  while (at < text.size()) {
    const Decoded next = decode(text, at);
    used += width_of(next.code);
    if (used > width) break;
    at += next.bytes;
  }
  return at;
}

}  // namespace

int display_width(std::string_view utf8) {
  int width = 0;
  for (std::size_t at = 0; at < utf8.size();) {
    const Decoded next = decode(utf8, at);
    width += width_of(next.code);
    at += next.bytes;
  }
  return width;
}

std::string printable(std::string_view utf8, bool ascii) {
  std::string result;
  result.reserve(utf8.size());
  for (std::size_t at = 0; at < utf8.size();) {
    const Decoded next = decode(utf8, at);
    const bool malformed = next.code == kMalformed && next.bytes == 1;
    if (next.code == '\n') {
      result += '\n';
    } else if (next.code < 0x20 || (next.code >= 0x7F && next.code < 0xA0)) {
      result += ' ';
    } else if (malformed || (ascii && next.code >= 0x7F)) {
      result += '?';
    } else {
      result.append(utf8.substr(at, next.bytes));
    }
    at += next.bytes;
  }
  return result;
}

std::string shorten(std::string_view utf8, int width) {
  if (display_width(utf8) <= width) return std::string(utf8);
  if (width <= 2) return std::string(utf8.substr(0, prefix_bytes(utf8, width)));
  return std::string(utf8.substr(0, prefix_bytes(utf8, width - 2))) + "..";
}

std::string pad_right(std::string_view utf8, int width) {
  const int missing = width - display_width(utf8);
  return std::string(utf8) + std::string(static_cast<std::size_t>(missing > 0 ? missing : 0), ' ');
}

std::string pad_left(std::string_view utf8, int width) {
  const int missing = width - display_width(utf8);
  return std::string(static_cast<std::size_t>(missing > 0 ? missing : 0), ' ') + std::string(utf8);
}

std::vector<std::string> wrap(std::string_view utf8, int width) {
  std::vector<std::string> lines{""};
  std::size_t at = 0;
  while (at < utf8.size()) {
    if (utf8[at] == '\n') {
      lines.emplace_back();
      ++at;
      continue;
    }
    if (utf8[at] == ' ') {
      ++at;
      continue;
    }
    const std::size_t end = std::min(utf8.find_first_of(" \n", at), utf8.size());
    std::string_view word = utf8.substr(at, end - at);
    at = end;
    const int used = display_width(lines.back());
    if (used > 0 && used + 1 + display_width(word) > width) lines.emplace_back();
    if (!lines.back().empty()) lines.back() += ' ';
    while (display_width(word) > width) {
      const std::size_t cut = std::max<std::size_t>(prefix_bytes(word, width), 1);
      lines.back() += word.substr(0, cut);
      lines.emplace_back();
      word.remove_prefix(cut);
    }
    lines.back() += word;
  }
  return lines;
}

}  // namespace plumb
