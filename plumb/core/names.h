// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <string_view>

/// The names of an enumeration's values, in one table in the order of its values: what is written
/// to files and read back.
namespace plumb {

/// "unknown" for a value that the table lacks.
template <class Enum, std::size_t N>
constexpr std::string_view name_of(Enum value, const std::string_view (&names)[N]) {
  const auto index = static_cast<std::size_t>(value);
  return index < N ? names[index] : std::string_view("unknown");
}

template <class Enum, std::size_t N>
constexpr std::optional<Enum> value_named(std::string_view text,
                                          const std::string_view (&names)[N]) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace plumb
