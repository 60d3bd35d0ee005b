// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/columns.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <new>

#include "plumb/core/error.h"
#include "plumb/store/leb128.h"

namespace plumb::store {

namespace {

static_assert(std::endian::native == std::endian::little,
              "columns are copied to and from memory as they are");

constexpr std::size_t kAlign = 8;
constexpr std::size_t kChecksumBytes = 4;

enum Plane : std::uint8_t { zero, constant, stored, deflated };

std::size_t tag_bytes(std::size_t width) { return width == 8 ? 2 : 1; }

// A shift of the value and one store: the compiler makes vectors of it for each width.
template <class Word>
void take_plane(std::span<const Word> values, std::size_t plane, std::uint8_t* to) {
  const auto shift = static_cast<unsigned>(8 * plane);
  for (std::size_t i = 0; i < values.size(); ++i) {
    to[i] = static_cast<std::uint8_t>(values[i] >> shift);
  }
}

template <class Word>
void put_plane(const std::uint8_t* from, std::size_t plane, std::span<Word> values) {
  const auto shift = static_cast<unsigned>(8 * plane);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<Word>(values[i] | static_cast<Word>(Word{from[i]} << shift));
  }
}

template <class Word>
Word differing_bits(std::span<const Word> values) {
  Word bits = 0;
  for (const Word value : values) bits = static_cast<Word>(bits | (value ^ values[0]));
  return bits;
}

/// Calls act(values) with the column's values as unsigned integers of its width.
template <class AnyColumns, class Act>
auto with_words(AnyColumns& columns, std::size_t place, const Act& act) {
  switch (columns.width(place)) {
    case 1: return act(columns.template column<std::uint8_t>(place));
    case 4: return act(columns.template column<std::uint32_t>(place));
    default: return act(columns.template column<std::uint64_t>(place));
  }
}

/// Whether coding the bytes by how often each comes up would shorten them: noise comes near the
/// evenest that so many bytes can be.
bool is_uneven(std::span<const std::uint8_t> bytes) {
  std::array<std::uint32_t, 256> counts{};
  for (const std::uint8_t byte : bytes) ++counts[byte];
  double squares = 0;
  for (const std::uint32_t count : counts) squares += static_cast<double>(count) * count;
  const auto n = static_cast<double>(bytes.size());
  return squares > 1.2 * (n + n * n / 256);
}

}  // namespace

std::size_t Columns::add_column(std::size_t width, std::size_t count) {
  PLUMB_CHECK(columns_.size() < kMostColumns);
  const std::size_t begin = data_.size();
  columns_.push_back({width, count, begin});
  data_.resize(begin + (count * width + kAlign - 1) / kAlign * kAlign);
  return columns_.size() - 1;
}

void Columns::clear() {
  columns_.clear();
  data_.clear();
}

struct ColumnPacker::State {
  State() {
    // Our choice of level: the next ones take twice the time for two hundredths of the size.
    if (deflateInit2(&stream, 1, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~State() { deflateEnd(&stream); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  /// Appends the deflated planes to `bytes`; false, with `bytes` as they were, if that would not
  /// shorten them.
  bool append_deflated();

  z_stream stream{};
  Bytes bytes, stored_planes, deflated_planes;
};

bool ColumnPacker::State::append_deflated() {
  const std::size_t begin = bytes.size();
  deflateReset(&stream);
  bytes.resize(begin + deflated_planes.size());
  stream.next_in = deflated_planes.data();
  stream.avail_in = static_cast<uInt>(deflated_planes.size());
  stream.next_out = bytes.data() + begin;
  stream.avail_out = static_cast<uInt>(deflated_planes.size());
  const bool fits = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  bytes.resize(fits ? bytes.size() - stream.avail_out : begin);
  return fits;
}

ColumnPacker::ColumnPacker() : state_(std::make_unique<State>()) {}
ColumnPacker::~ColumnPacker() = default;
ColumnPacker::ColumnPacker(ColumnPacker&&) noexcept = default;

std::span<const std::uint8_t> ColumnPacker::pack(const Columns& columns, Try which) {
  Bytes& bytes = state_->bytes;
  Bytes& stored_planes = state_->stored_planes;
  Bytes& deflated_planes = state_->deflated_planes;
  PLUMB_CHECK(columns.size_bytes() <= Columns::kMostBytes);
  for (const bool may_deflate : {true, false}) {
    bytes.assign(1, static_cast<std::uint8_t>(columns.size()));
    stored_planes.clear();
    deflated_planes.clear();
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const std::size_t count = columns.count(c), width = columns.width(c);
      std::array<std::uint8_t, kMostLebBytes> number{};
      bytes.push_back(static_cast<std::uint8_t>(width));
      bytes.insert(bytes.end(), number.data(), put_leb(count, number.data()));
      const std::size_t tags = bytes.size();
      bytes.resize(tags + tag_bytes(width));
      with_words(columns, c, [&]<class Word>(std::span<const Word> values) {
        const Word differing = differing_bits(values);
        for (std::size_t p = 0; count > 0 && p < width; ++p) {
          Plane plane = stored;
          if (static_cast<std::uint8_t>(differing >> (8 * p)) == 0) {
            const auto same = static_cast<std::uint8_t>(values[0] >> (8 * p));
            plane = same == 0 ? zero : constant;
            if (plane == constant) bytes.push_back(same);
          } else {
            const std::size_t begin = stored_planes.size();
            stored_planes.resize(begin + count);
            take_plane(values, p, stored_planes.data() + begin);
            const std::span<const std::uint8_t> taken(stored_planes.data() + begin, count);
            if (may_deflate && (which == Try::all || is_uneven(taken))) {
              plane = deflated;
              deflated_planes.insert(deflated_planes.end(), taken.begin(), taken.end());
              stored_planes.resize(begin);
            }
          }
          bytes[tags + p / 4] |= static_cast<std::uint8_t>(plane << (2 * (p % 4)));
        }
      });
    }
    bytes.insert(bytes.end(), stored_planes.begin(), stored_planes.end());
    if (deflated_planes.empty() || state_->append_deflated()) break;
  }
  const auto checksum =
      static_cast<std::uint32_t>(crc32(0, bytes.data(), static_cast<uInt>(bytes.size())));
  for (std::size_t i = 0; i < kChecksumBytes; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(checksum >> (8 * i)));
  }
  return bytes;
}

struct ColumnUnpacker::State {
  State() {
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  }
  ~State() { inflateEnd(&stream); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  /// Inflates exactly `size` bytes, which must be all there is.
  bool inflate_planes(std::span<const std::uint8_t> from, std::size_t size);

  struct Header {
    std::uint32_t tags = 0;
    std::size_t constants = 0;  ///< where in the bytes its constant planes stand
    Plane plane(std::size_t p) const { return static_cast<Plane>(tags >> (2 * p) & 3U); }
  };

  z_stream stream{};
  Bytes planes;
  std::vector<Header> headers;
};

bool ColumnUnpacker::State::inflate_planes(std::span<const std::uint8_t> from, std::size_t size) {
  if (planes.size() < size) planes.resize(size);
  if (size == 0) return from.empty();
  inflateReset(&stream);
  stream.next_in = const_cast<Bytef*>(from.data());
  stream.avail_in = static_cast<uInt>(from.size());
  stream.next_out = planes.data();
  stream.avail_out = static_cast<uInt>(size);
  return inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0 &&
         stream.avail_out == 0;
}

ColumnUnpacker::ColumnUnpacker() : state_(std::make_unique<State>()) {}
ColumnUnpacker::~ColumnUnpacker() = default;
ColumnUnpacker::ColumnUnpacker(ColumnUnpacker&&) noexcept = default;

bool ColumnUnpacker::unpack(std::span<const std::uint8_t> bytes, Columns& columns) {
  columns.clear();
  if (bytes.size() < 1 + kChecksumBytes) return false;
  std::uint32_t checksum = 0;
  for (std::size_t i = 0; i < kChecksumBytes; ++i) {
    checksum |= std::uint32_t{bytes[bytes.size() - kChecksumBytes + i]} << (8 * i);
  }
  bytes = bytes.first(bytes.size() - kChecksumBytes);
  if (crc32(0, bytes.data(), static_cast<uInt>(bytes.size())) != checksum) return false;

  const std::span<const std::uint8_t> all = bytes;
  auto& headers = state_->headers;
  headers.assign(bytes[0], {});
  bytes = bytes.subspan(1);
  std::size_t stored_bytes = 0, deflated_bytes = 0, remaining = Columns::kMostBytes;
  for (State::Header& header : headers) {
    if (bytes.empty()) return false;
    const std::size_t width = bytes[0];
    bytes = bytes.subspan(1);
    const auto count = take_leb(bytes);
    if ((width != 1 && width != 4 && width != 8) || !count || *count > remaining / width)
      return false;
    remaining -= *count * width;
    if (bytes.size() < tag_bytes(width)) return false;
    header.tags = bytes[0];
    if (width == 8) header.tags |= std::uint32_t{bytes[1]} << 8;
    bytes = bytes.subspan(tag_bytes(width));
    header.constants = all.size() - bytes.size();
    std::size_t constants = 0;
    for (std::size_t p = 0; p < 8; ++p) {
      const Plane plane = header.plane(p);
      if (p >= width && plane != zero) return false;
      if (plane == constant) ++constants;
      if (plane == stored) stored_bytes += *count;
      if (plane == deflated) deflated_bytes += *count;
    }
    if (bytes.size() < constants) return false;
    bytes = bytes.subspan(constants);
    switch (width) {
      case 1: columns.add<std::uint8_t>(*count); break;
      case 4: columns.add<std::uint32_t>(*count); break;
      default: columns.add<std::uint64_t>(*count);
    }
  }
  if (bytes.size() < stored_bytes) return false;
  if (!state_->inflate_planes(bytes.subspan(stored_bytes), deflated_bytes)) return false;
  const std::uint8_t* from_stored = bytes.data();
  const std::uint8_t* from_deflated = state_->planes.data();
  for (std::size_t c = 0; c < headers.size(); ++c) {
    const std::uint8_t* from_constants = all.data() + headers[c].constants;
    with_words(columns, c, [&]<class Word>(std::span<Word> values) {
      Word same = 0;
      for (std::size_t p = 0; p < sizeof(Word); ++p) {
        if (headers[c].plane(p) == constant) {
          same = static_cast<Word>(same | static_cast<Word>(Word{*from_constants++} << (8 * p)));
        }
      }
      if (same != 0) std::fill(values.begin(), values.end(), same);
      for (std::size_t p = 0; p < sizeof(Word); ++p) {
        const Plane plane = headers[c].plane(p);
        if (plane != stored && plane != deflated) continue;
        const std::uint8_t*& from = plane == stored ? from_stored : from_deflated;
        put_plane(from, p, values);
        from += values.size();
      }
    });
  }
  return true;
}

}  // namespace plumb::store
