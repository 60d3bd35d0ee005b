// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/number_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

namespace plumb {

namespace {

/// Blank, tab, no-break space, thin space, narrow no-break space.
constexpr std::array<std::string_view, 5> kBlanks{" ", "\t", "\xC2\xA0", "\xE2\x80\x89",
                                                  "\xE2\x80\xAF"};
/// Dollar, euro, pound, yen.
constexpr std::array<std::string_view, 4> kCurrencies{"$", "\xE2\x82\xAC", "\xC2\xA3", "\xC2\xA5"};
constexpr std::string_view kMinus = "\xE2\x88\x92";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool drop_front(std::string_view& text, std::string_view start) {
  if (!text.starts_with(start)) return false;
  text.remove_prefix(start.size());
  return true;
}

bool drop_back(std::string_view& text, std::string_view end) {
  if (!text.ends_with(end)) return false;
  text.remove_suffix(end.size());
  return true;
}

template <class List>
std::string_view strip(std::string_view text, const List& words) {
  const auto dropped = [&](auto drop) {
    return std::ranges::any_of(words, [&](std::string_view word) { return drop(text, word); });
  };
  while (dropped(drop_front)) {
  }
  while (dropped(drop_back)) {
  }
  return text;
}

/// A number taken apart: sign, whole digits with what parts them, and the rest.
struct Plain {
  bool is_negative = false;
  bool is_percent = false;
  std::string_view body;  ///< digits, points, commas, exponent
};

Plain take_apart(std::string_view text) {
  Plain plain;
  text = trim_blanks(text);
  plain.is_percent = drop_back(text, "%");
  if (plain.is_percent) text = trim_blanks(text);
  const auto sign = [&] {
    if (drop_front(text, "-") || drop_front(text, kMinus)) return plain.is_negative = true;
    return drop_front(text, "+");
  };
  const bool has_sign = sign();
  const std::string_view without = strip(text, kCurrencies);
  if (without.size() != text.size()) {
    text = trim_blanks(without);
    if (!has_sign) sign();
  }
  plain.body = text;
  return plain;
}

/// Reads unsigned digits, point and exponent; `text` is ASCII.
std::optional<double> from_point(std::string_view text) {
  if (text.empty() || !(is_digit(text[0]) || text[0] == '.')) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) {
    return std::nullopt;
  }
  if (error != std::errc{}) {
    // from_chars says the same of too large and too small.
    const bool is_small = text.find("e-") != text.npos || text.find("E-") != text.npos;
    return is_small ? 0.0 : std::numeric_limits<double>::infinity();
  }
  return value;
}

/// Removes what parts the groups of three before `end` of the whole digits; nothing if there are no
/// such groups.
std::optional<std::string> without_groups(std::string_view whole, char decimal) {
  std::string digits;
  std::string_view separator;
  std::size_t group = 0;
  const std::string_view other = decimal == ',' ? "." : ",";
  while (!whole.empty()) {
    if (is_digit(whole[0])) {
      digits += whole[0];
      whole.remove_prefix(1);
      if (++group > 3) return std::nullopt;
      continue;
    }
    std::string_view found;
    for (const std::string_view blank : kBlanks) {
      if (whole.starts_with(blank)) found = blank;
    }
    if (whole.starts_with(other)) found = other;
    if (whole.starts_with('\'')) found = "'";
    const bool is_first = separator.empty();
    if (found.empty() || (!is_first && found != separator)) return std::nullopt;
    // 0,123 is no group behind a group of 0.
    if (is_first ? group == 0 || digits[0] == '0' : group != 3) return std::nullopt;
    separator = found;
    group = 0;
    whole.remove_prefix(found.size());
  }
  if (separator.empty() || group != 3) return std::nullopt;
  return digits;
}

std::optional<double> parse_body(std::string_view body, char decimal) {
  if (decimal == '.') {
    if (const auto value = from_point(body)) return value;
  }
  const std::size_t exponent = std::min(body.find_first_of("eE"), body.size());
  const std::size_t point = std::min(body.substr(0, exponent).find(decimal), exponent);
  const std::string_view whole = body.substr(0, point);
  std::string text(whole);
  const bool is_plain = std::ranges::all_of(whole, is_digit);
  if (!is_plain) {
    const auto digits = without_groups(whole, decimal);
    if (!digits) return std::nullopt;
    text = *digits;
  }
  if (point < exponent) {
    text += '.';
    text += body.substr(point + 1, exponent - point - 1);
  }
  text += body.substr(exponent);
  return from_point(text);
}

bool is_word(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) {
    return std::ranges::equal(
        text, word, [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
  });
}

}  // namespace

std::string_view trim_blanks(std::string_view text) { return strip(text, kBlanks); }

std::optional<double> parse_table_number(std::string_view text, char decimal) {
  if (decimal == '.' && !text.empty()) {
    // Most cells are plain, and a table may have millions.
    const bool is_negative = text[0] == '-';
    if (const auto plain = from_point(text.substr(is_negative ? 1 : 0))) {
      return is_negative ? -*plain : *plain;
    }
  }
  const Plain plain = take_apart(text);
  std::optional<double> value;
  if (is_word(plain.body, {"inf", "infinity"})) {
    value = std::numeric_limits<double>::infinity();
  } else if (is_word(plain.body, {"nan"})) {
    value = std::numeric_limits<double>::quiet_NaN();
  } else {
    value = parse_body(plain.body, decimal);
  }
  if (!value) return std::nullopt;
  return (plain.is_negative ? -*value : *value) / (plain.is_percent ? 100 : 1);
}

DecimalHint decimal_hint(std::string_view text) {
  if (text.find_first_of(".,") == text.npos) return DecimalHint::none;
  const std::string_view body = take_apart(text).body;
  const auto point = parse_body(body, '.'), comma = parse_body(body, ',');
  if (point && comma) return DecimalHint::either;
  return point ? DecimalHint::point : comma ? DecimalHint::comma : DecimalHint::none;
}

}  // namespace plumb
