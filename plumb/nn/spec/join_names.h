// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace plumb {

/// The words that a chain in brackets follows: what they make of it is in graph/join_table.cpp.
inline constexpr std::array<std::string_view, 2> kJoinNames = {"res", "highway"};

constexpr bool is_join_name(std::string_view word) {
  return std::ranges::find(kJoinNames, word) != kJoinNames.end();
}

/// "res, highway"
inline std::string join_names_text() {
  std::string text;
  for (const std::string_view name : kJoinNames) {
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

}  // namespace plumb
