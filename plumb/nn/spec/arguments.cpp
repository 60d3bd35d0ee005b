// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/spec/arguments.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "plumb/nn/spec/nearest.h"

namespace plumb {

namespace {

template <class T>
bool read_whole(std::string_view text, T& value) {
  // from_chars knows no plus sign.
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  return result.ec == std::errc() && result.ptr == end;
}

}  // namespace

const SpecWord* SpecArguments::argument(std::size_t index) {
  if (index >= item_.arguments.size()) return nullptr;
  arguments_read_ = std::max(arguments_read_, index + 1);
  return &item_.arguments[index];
}

const SpecOption* SpecArguments::option(std::string_view key) {
  known_keys_.emplace_back(key);
  for (const SpecOption& option : item_.options) {
    if (option.key.text == key) return &option;
  }
  return nullptr;
}

void SpecArguments::refuse(const SpecWord& at, std::string_view what,
                           const std::string& expected) const {
  throw_spec_error(
      text_, at.column,
      item_.name.text + ": " + std::string(what) + " is '" + at.text + "', expected " + expected);
}

std::int64_t SpecArguments::to_integer(const SpecWord& at, std::string_view digits,
                                       std::string_view what, std::int64_t minimum) const {
  std::int64_t value = 0;
  if (!read_whole(digits, value) || value < minimum || value > kMaxInteger) {
    refuse(at, what,
           "an integer from " + std::to_string(minimum) + " to " + std::to_string(kMaxInteger));
  }
  return value;
}

std::array<std::int64_t, 2> SpecArguments::to_pair(const SpecWord& at, std::string_view what,
                                                   std::int64_t minimum) const {
  const std::string_view text = at.text;
  const std::size_t cross = text.find('x');
  const std::int64_t first = to_integer(at, text.substr(0, cross), what, minimum);
  if (cross == std::string_view::npos) return {first, first};
  return {first, to_integer(at, text.substr(cross + 1), what, minimum)};
}

double SpecArguments::to_number(const SpecWord& at, std::string_view what) const {
  double value = 0;
  if (!read_whole(at.text, value) || !std::isfinite(value)) refuse(at, what, "a finite number");
  return value;
}

std::int64_t SpecArguments::positive_integer(std::size_t index, std::string_view what) {
  const SpecWord* const word = argument(index);
  if (word == nullptr) fail("nothing given, expected " + std::string(what));
  return to_integer(*word, word->text, what, 1);
}

std::array<std::int64_t, 2> SpecArguments::positive_pair(std::size_t index, std::string_view what) {
  const SpecWord* const word = argument(index);
  if (word == nullptr) fail("nothing given, expected " + std::string(what) + " as 3 or 3x3");
  return to_pair(*word, what, 1);
}

std::optional<double> SpecArguments::number(std::size_t index, std::string_view what) {
  const SpecWord* const word = argument(index);
  if (word == nullptr) return std::nullopt;
  return to_number(*word, what);
}

bool SpecArguments::boolean(std::string_view key, bool fallback) {
  if (const SpecOption* const found = option(key)) {
    const std::string& text = found->value.text;
    if (text.empty() || text == "true" || text == "1") return true;
    if (text == "false" || text == "0") return false;
    refuse(found->value, key, "true or false");
  }
  // The grammar reads a layer's bare word as an argument: it knows no layer's flags.
  for (const SpecWord& word : item_.arguments) {
    if (word.text != key) continue;
    flags_read_.emplace_back(key);
    return true;
  }
  return fallback;
}

std::int64_t SpecArguments::integer(std::string_view key, std::int64_t fallback,
                                    std::int64_t minimum) {
  const SpecOption* const found = option(key);
  return found ? to_integer(found->value, found->value.text, key, minimum) : fallback;
}

double SpecArguments::number(std::string_view key, double fallback) {
  const SpecOption* const found = option(key);
  return found ? to_number(found->value, key) : fallback;
}

std::array<std::int64_t, 2> SpecArguments::pair(std::string_view key,
                                                const std::array<std::int64_t, 2>& fallback,
                                                std::int64_t minimum) {
  const SpecOption* const found = option(key);
  return found ? to_pair(found->value, key, minimum) : fallback;
}

std::optional<std::string> SpecArguments::one_of(std::string_view key,
                                                 std::span<const std::string_view> allowed) {
  const SpecOption* const found = option(key);
  if (found == nullptr) return std::nullopt;
  const std::string& text = found->value.text;
  if (text.empty() ||
      (!allowed.empty() && std::find(allowed.begin(), allowed.end(), text) == allowed.end())) {
    refuse(found->value, key, allowed.empty() ? "a word" : join_names(allowed));
  }
  return text;
}

std::string SpecArguments::flag_or_word(std::string_view key,
                                        std::initializer_list<std::string_view> allowed) {
  const auto found = std::find_if(item_.options.begin(), item_.options.end(),
                                  [&](const SpecOption& one) { return one.key.text == key; });
  const bool is_word =
      found != item_.options.end() &&
      std::find(allowed.begin(), allowed.end(), found->value.text) != allowed.end();
  if (is_word) return *word(key, allowed);
  return boolean(key, false) ? "true" : "";
}

bool SpecArguments::has(std::string_view key) const {
  return std::any_of(item_.options.begin(), item_.options.end(),
                     [&](const SpecOption& option) { return option.key.text == key; });
}

void SpecArguments::done() {
  for (std::size_t i = arguments_read_; i < item_.arguments.size(); ++i) {
    const SpecWord& word = item_.arguments[i];
    if (std::find(flags_read_.begin(), flags_read_.end(), word.text) != flags_read_.end()) continue;
    throw_spec_error(
        text_, word.column,
        item_.name.text + " has no place for '" + word.text + "', expected " +
            (arguments_read_ == 0 ? "no argument"
                                  : std::to_string(arguments_read_) + " or fewer arguments"));
  }
  for (const SpecOption& option : item_.options) {
    const std::string& key = option.key.text;
    if (std::find(known_keys_.begin(), known_keys_.end(), key) != known_keys_.end()) continue;
    const std::vector<std::string_view> known(known_keys_.begin(), known_keys_.end());
    throw_spec_error(text_, option.key.column,
                     item_.name.text + " has no option '" + key + "', expected " +
                         (known.empty() ? "none" : join_names(known)));
  }
}

void SpecArguments::fail(const std::string& message) const {
  throw_spec_error(text_, item_.name.column, item_.name.text + ": " + message);
}

}  // namespace plumb
