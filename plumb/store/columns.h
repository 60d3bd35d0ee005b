// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

/// Columns of numbers, and the bytes they are packed to: what the blobs of a run file are made of.
/// Private to store/.
namespace plumb::store {

using Bytes = std::vector<std::uint8_t>;

/// A few columns, each of values of one width: 1, 4 or 8 bytes. Their lengths may differ.
class Columns {
 public:
  /// More than any step holds; what a damaged or hostile file may ask of memory. Our choice.
  static constexpr std::size_t kMostBytes = std::size_t{256} << 20;
  static constexpr std::size_t kMostColumns = 255;

  /// Adds a column of zeros at the end and returns its place.
  template <class T>
  std::size_t add(std::size_t count) {
    return add_column(sizeof(T), count);
  }
  template <class T>
  std::size_t add(std::span<const T> values) {
    const std::size_t place = add<T>(values.size());
    std::copy(values.begin(), values.end(), column<T>(place).begin());
    return place;
  }
  /// The values of a column of that width; valid until the next add().
  template <class T>
  std::span<T> column(std::size_t place) {
    static_assert(std::is_trivially_copyable_v<T>);
    return {reinterpret_cast<T*>(data_.data() + columns_[place].begin), columns_[place].count};
  }
  template <class T>
  std::span<const T> column(std::size_t place) const {
    return {reinterpret_cast<const T*>(data_.data() + columns_[place].begin),
            columns_[place].count};
  }
  bool has(std::size_t place, std::size_t width) const {
    return place < columns_.size() && columns_[place].width == width;
  }

  std::size_t size() const { return columns_.size(); }
  std::size_t width(std::size_t place) const { return columns_[place].width; }
  std::size_t count(std::size_t place) const { return columns_[place].count; }
  std::size_t size_bytes() const { return data_.size(); }
  /// All values, padded: with the widths and counts it says whether two are the same.
  std::span<const std::uint8_t> data() const { return data_; }
  void clear();

 private:
  struct Column {
    std::size_t width, count, begin;
  };
  std::size_t add_column(std::size_t width, std::size_t count);

  std::vector<Column> columns_;
  Bytes data_;  // each column begins at a multiple of 8
};

/// Packs columns. Every column is taken apart into planes, the first bytes of all values, their
/// second bytes and so on, since the bytes of like numbers are alike in the same place. A plane is
/// left out if it is constant, deflated if that shortens it, and stored otherwise: the low bytes of
/// a mean are noise. docs/formats.md has the bytes.
///
/// Speed   Reuses its memory from one call to the next.
/// Threads One object is used by one thread at a time.
class ColumnPacker {
 public:
  enum class Try : std::uint8_t {
    likely,  ///< deflates the planes whose bytes are unevenly distributed
    all      ///< all of them: for what is stored once
  };
  ColumnPacker();
  ~ColumnPacker();
  ColumnPacker(ColumnPacker&&) noexcept;
  /// Valid until the next call.
  std::span<const std::uint8_t> pack(const Columns& columns, Try which = Try::likely);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The inverse.
class ColumnUnpacker {
 public:
  ColumnUnpacker();
  ~ColumnUnpacker();
  ColumnUnpacker(ColumnUnpacker&&) noexcept;
  /// False if the bytes are no such encoding, their checksum is wrong, or they would unpack to more
  /// than Columns::kMostBytes.
  [[nodiscard]] bool unpack(std::span<const std::uint8_t> bytes, Columns& columns);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace plumb::store
