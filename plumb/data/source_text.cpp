// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/source_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "plumb/core/error.h"

namespace plumb {

namespace {

template <class Number>
std::optional<Number> parse_number(const std::string& text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

SourceText::SourceText(std::string text)
    : text_(std::move(text)), kind_size_(std::min(text_.find_first_of(":?"), text_.size())) {}

namespace {
/// Where the options begin: the first '?' before KEY=, for a path may hold a '?' and so may a
/// value; without one the last '?'.
std::size_t options_mark(const std::string& text) {
  for (std::size_t mark = text.find('?'); mark != std::string::npos;
       mark = text.find('?', mark + 1)) {
    const std::size_t end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz", mark + 1);
    if (end != std::string::npos && end > mark + 1 && text[end] == '=') return mark;
  }
  return text.rfind('?');
}
}  // namespace

void SourceText::parse_path(std::string_view usage, bool with_options) {
  std::size_t end = with_options ? options_mark(text_) : std::string::npos;
  end = std::min(end, text_.size());
  if (end < kind_size_ + 2 || text_[kind_size_] != ':') {
    fail(std::min(kind_size_ + 1, text_.size()), fmt::format("no path, expected {}", usage));
  }
  path_ = text_.substr(kind_size_ + 1, end - kind_size_ - 1);
  if (end < text_.size()) read_options(end + 1);
}

void SourceText::parse_options(std::string_view usage) {
  if (kind_size_ == text_.size()) return;
  if (text_[kind_size_] != '?') {
    fail(kind_size_, fmt::format("'{}' takes no path, expected {}", kind(), usage));
  }
  read_options(kind_size_ + 1);
}

void SourceText::read_options(std::size_t begin) {
  while (true) {
    const std::size_t end = std::min(text_.find('&', begin), text_.size());
    const std::size_t equals = text_.find('=', begin);
    if (equals >= end || equals == begin) fail(begin, "expected an option KEY=VALUE");
    options_.push_back({.key = text_.substr(begin, equals - begin),
                        .value = text_.substr(equals + 1, end - equals - 1),
                        .key_column = begin,
                        .value_column = equals + 1});
    if (end == text_.size()) return;
    begin = end + 1;
  }
}

const SourceText::Option* SourceText::find(std::string_view key) const {
  const auto found = std::find_if(options_.begin(), options_.end(),
                                  [&](const Option& option) { return option.key == key; });
  return found == options_.end() ? nullptr : &*found;
}

std::optional<std::string> SourceText::word(std::string_view key) const {
  const Option* option = find(key);
  if (!option) return std::nullopt;
  if (option->value.empty()) fail_at(key, fmt::format("{} is empty, expected a value", key));
  return option->value;
}

std::int64_t SourceText::integer(std::string_view key, std::int64_t otherwise, std::int64_t low,
                                 std::int64_t high) const {
  const Option* option = find(key);
  if (!option) return otherwise;
  const auto value = parse_number<std::int64_t>(option->value);
  if (!value || *value < low || *value > high) {
    fail_at(key, fmt::format("{} is '{}', expected an integer from {} to {}", key, option->value,
                             low, high));
  }
  return *value;
}

double SourceText::number(std::string_view key, double otherwise, double low, double high) const {
  const Option* option = find(key);
  if (!option) return otherwise;
  const auto value = parse_number<double>(option->value);
  // Written so that NaN fails.
  if (!value || !(*value >= low && *value <= high)) {
    fail_at(key, fmt::format("{} is '{}', expected a number from {} to {}", key, option->value, low,
                             high));
  }
  return *value;
}

void SourceText::expect_keys(const std::vector<std::string_view>& keys) const {
  for (const Option& option : options_) {
    if (std::find(keys.begin(), keys.end(), option.key) == keys.end()) {
      fail(option.key_column, fmt::format("'{}' has no option '{}', expected {}", kind(),
                                          option.key, fmt::join(keys, ", ")));
    }
    if (find(option.key) != &option) {
      fail(option.key_column, fmt::format("option '{}' is given twice, expected once", option.key));
    }
  }
}

void SourceText::fail(std::size_t column, std::string_view message) const {
  throw SpecError(fmt::format("data: {}\n  {}\n  {}^", message, text_, std::string(column, ' ')));
}

void SourceText::fail_at(std::string_view key, std::string_view message) const {
  const Option* option = find(key);
  fail(option ? option->value_column : text_.size(), message);
}

}  // namespace plumb
