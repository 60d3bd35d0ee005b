// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace plumb {

/// The unsigned integer that sizeof(T) bytes spell, least (little) or most (big) significant byte
/// first. Precondition: bytes points to at least sizeof(T) bytes.
template <std::unsigned_integral T>
T load_little(const std::byte* bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = sizeof(T); i-- > 0;)
    value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  return static_cast<T>(value);
}

template <std::unsigned_integral T>
T load_big(const std::byte* bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  return static_cast<T>(value);
}

/// Walks over the bytes of a file that may be damaged: whatever lies outside of them is an error,
/// never read.
///
/// Errors  DataError "PLACE: ..." naming what was to be read and where the bytes end.
class ByteReader {
 public:
  ByteReader(std::span<const std::byte> bytes, std::string place)
      : bytes_(bytes), place_(std::move(place)) {}

  std::size_t position() const { return position_; }
  std::size_t remaining() const { return bytes_.size() - position_; }
  const std::string& place() const { return place_; }

  /// Goes to a byte counted from the start; `what` should begin there.
  void seek(std::uint64_t position, std::string_view what);
  /// The next `count` bytes.
  std::span<const std::byte> take(std::uint64_t count, std::string_view what);

  template <std::unsigned_integral T>
  T little(std::string_view what) {
    return load_little<T>(take(sizeof(T), what).data());
  }
  template <std::unsigned_integral T>
  T big(std::string_view what) {
    return load_big<T>(take(sizeof(T), what).data());
  }
  /// Throws the DataError "PLACE: MESSAGE".
  [[noreturn]] void fail(std::string_view message) const;

 private:
  std::span<const std::byte> bytes_;
  std::string place_;
  std::size_t position_ = 0;
};

}  // namespace plumb
