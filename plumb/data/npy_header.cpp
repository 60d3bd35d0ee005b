// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/npy_header.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bit>
#include <charconv>
#include <optional>

#include "plumb/core/error.h"

namespace plumb {

namespace {

/// Reads the few forms of a Python literal that numpy writes.
class Literal {
 public:
  Literal(std::string_view text, const std::string& place) : text_(text), place_(place) {}

  bool accept(char c) {
    skip_space();
    if (position_ >= text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
  }

  void expect(char c) {
    if (!accept(c)) fail(fmt::format("'{}'", c));
  }

  std::string_view string() {
    skip_space();
    const char quote = accept('"') ? '"' : '\'';
    if (quote == '\'') expect('\'');
    const std::size_t end = text_.find(quote, position_);
    if (end == std::string_view::npos) fail("a closing quote");
    const std::string_view value = text_.substr(position_, end - position_);
    position_ = end + 1;
    return value;
  }

  bool boolean() {
    skip_space();
    for (const bool value : {false, true}) {
      const std::string_view word = value ? "True" : "False";
      if (text_.substr(position_).starts_with(word)) {
        position_ += word.size();
        return value;
      }
    }
    fail("True or False");
  }

  std::vector<std::uint64_t> tuple() {
    std::vector<std::uint64_t> values;
    expect('(');
    while (!accept(')')) {
      values.push_back(integer());
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return values;
  }

  void expect_end() {
    skip_space();
    if (position_ < text_.size()) fail("nothing more");
  }

  [[noreturn]] void fail(std::string_view expected) const {
    throw DataError(fmt::format("{}: the NPY header is wrong at its byte {}, expected {}", place_,
                                position_, expected));
  }

 private:
  void skip_space() {
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\n'))
      ++position_;
  }

  std::uint64_t integer() {
    skip_space();
    std::uint64_t value = 0;
    const char* begin = text_.data() + position_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc{}) fail("an extent");
    position_ += static_cast<std::size_t>(end - begin);
    // Python 2 wrote long integers as 3L.
    if (position_ < text_.size() && text_[position_] == 'L') ++position_;
    return value;
  }

  std::string_view text_;
  const std::string& place_;
  std::size_t position_ = 0;
};

void read_descr(std::string_view descr, const std::string& place, NpyHeader& header) {
  constexpr std::string_view kKnown[] = {"b1", "i1", "i2", "i4", "i8", "u1",
                                         "u2", "u4", "u8", "f2", "f4", "f8"};
  for (const std::string_view known : kKnown) {
    const bool has_order =
        descr.size() == 3 && std::string_view("<>|=").find(descr[0]) != descr.npos;
    if (!has_order || descr.substr(1) != known) continue;
    header.byte_order = descr[0];
    if (descr[0] == '=') header.byte_order = std::endian::native == std::endian::little ? '<' : '>';
    header.kind = known[0];
    header.element_bytes = static_cast<std::uint64_t>(known[1] - '0');
    return;
  }
  throw DataError(
      fmt::format("{}: element type '{}' cannot be read, expected bool, int8 to int64, uint8 to "
                  "uint64, float16, "
                  "float32 or float64",
                  place, descr));
}

}  // namespace

NpyHeader parse_npy_header(std::string_view text, const std::string& place) {
  NpyHeader header;
  Literal literal(text, place);
  std::optional<std::string_view> descr;
  std::optional<bool> fortran_order;
  std::optional<std::vector<std::uint64_t>> extents;
  literal.expect('{');
  while (!literal.accept('}')) {
    const std::string_view key = literal.string();
    literal.expect(':');
    if (key == "descr" && !descr) {
      if (literal.accept('[')) {
        throw DataError(place + ": holds records (a structured type), expected numbers");
      }
      descr = literal.string();
    } else if (key == "fortran_order" && !fortran_order) {
      fortran_order = literal.boolean();
    } else if (key == "shape" && !extents) {
      extents = literal.tuple();
    } else {
      literal.fail("each of descr, fortran_order and shape once");
    }
    if (!literal.accept(',')) {
      literal.expect('}');
      break;
    }
  }
  literal.expect_end();
  if (!descr || !fortran_order || !extents) literal.fail("descr, fortran_order and shape");
  read_descr(*descr, place, header);
  header.fortran_order = *fortran_order;
  header.extents = std::move(*extents);
  return header;
}

std::string npy_preamble(DType dtype, const Shape& shape) {
  constexpr std::size_t kAlignment = 64, kFixedBytes = 10;
  const char order = std::endian::native == std::endian::little ? '<' : '>';
  std::string header = fmt::format(
      "{{'descr': '{}f{}', 'fortran_order': False, 'shape': ({}{}), }}", order, size_bytes(dtype),
      fmt::join(shape.extents(), ", "), shape.rank() == 1 ? "," : "");
  header.append(kAlignment - 1 - (kFixedBytes + header.size()) % kAlignment, ' ');
  header += '\n';
  std::string preamble = "\x93NUMPY";
  preamble += {'\x01', '\x00', static_cast<char>(header.size() & 0xFF),
               static_cast<char>(header.size() >> 8)};
  return preamble + header;
}

}  // namespace plumb
