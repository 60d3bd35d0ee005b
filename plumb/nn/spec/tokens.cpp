// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/spec/tokens.h"

namespace plumb {

namespace {

// Not the functions of <cctype>: those depend on the locale.
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '+' || c == '-';
}

/// The character at `column` as a message can show it: a whole UTF-8 character, or its code.
std::string shown_character(const std::string& text, std::size_t column) {
  const auto lead = static_cast<unsigned char>(text[column]);
  if (lead >= 0x20 && lead < 0x7F) return {text[column]};
  const std::size_t length = lead >= 0xF0 && lead < 0xF8 ? 4 : lead >= 0xE0 ? 3 : 2;
  bool whole = lead >= 0xC2 && lead < 0xF5 && column + length <= text.size();
  for (std::size_t i = 1; whole && i < length; ++i) {
    whole = (static_cast<unsigned char>(text[column + i]) & 0xC0) == 0x80;
  }
  if (whole) return text.substr(column, length);
  constexpr const char* kDigits = "0123456789abcdef";
  return std::string("\\x") + kDigits[lead / 16] + kDigits[lead % 16];
}

}  // namespace

std::vector<SpecToken> tokenise(const std::string& text) {
  std::vector<SpecToken> tokens;
  std::size_t column = 0;
  while (column < text.size()) {
    const char c = text[column];
    if (is_space(c)) {
      ++column;
      continue;
    }
    std::size_t end = column + 1;
    auto kind = SpecToken::Kind::word;
    if (is_word(c)) {
      while (end < text.size() && is_word(text[end])) ++end;
    } else if (c == '>') {
      kind = SpecToken::Kind::next;
    } else if (c == '[') {
      kind = SpecToken::Kind::open;
    } else if (c == ']') {
      kind = SpecToken::Kind::close;
    } else if (c == '=') {
      kind = SpecToken::Kind::equals;
    } else {
      throw_spec_error(text, column,
                       "unknown character '" + shown_character(text, column) +
                           "', expected a layer, '>' or ']'");
    }
    tokens.push_back({kind, {text.substr(column, end - column), column}});
    column = end;
  }
  tokens.push_back({SpecToken::Kind::end, {"", text.size()}});
  return tokens;
}

}  // namespace plumb
