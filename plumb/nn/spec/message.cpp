// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "plumb/core/error.h"
#include "plumb/nn/spec/spec.h"

namespace plumb {

namespace {

/// Bytes of a long text that are shown on each side of the caret.
constexpr std::size_t kShownBefore = 60;
constexpr std::size_t kShownAfter = 40;

bool is_continuation_byte(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

void throw_spec_error(const std::string& text, std::size_t column, const std::string& message) {
  column = std::min(column, text.size());
  std::size_t begin = column > kShownBefore + 3 ? column - kShownBefore : 0;
  std::size_t end = text.size() > column + kShownAfter + 3 ? column + kShownAfter : text.size();
  // Never cut a UTF-8 character in two.
  while (begin < column && begin > 0 && is_continuation_byte(text[begin])) ++begin;
  while (end < text.size() && is_continuation_byte(text[end])) ++end;

  std::string shown = begin > 0 ? "..." : "";
  std::size_t caret = shown.size();
  for (std::size_t i = begin; i < end; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    shown += byte < 0x20 || byte == 0x7F ? ' ' : text[i];  // line breaks would move the caret
    if (i < column && !is_continuation_byte(text[i])) ++caret;
  }
  if (end < text.size()) shown += "...";
  throw SpecError("network: " + message + "\n  " + shown + "\n  " + std::string(caret, ' ') + "^");
}

}  // namespace plumb
