// SPDX-License-Identifier: Apache-2.0
#include "plumb/kernels/activations/from_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "plumb/core/error.h"
#include "plumb/kernels/activations/table.h"

namespace plumb {

namespace {

std::optional<double> parse_number(std::string_view word) {
  double value = 0;
  const auto result = std::from_chars(word.data(), word.data() + word.size(), value);
  if (result.ec != std::errc() || result.ptr != word.data() + word.size() ||
      !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t begin = 0; (begin = text.find_first_not_of(' ', begin)) != text.npos;) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return words;
}

template <class Names>
std::string listed(const Names& names, const char* between) {
  std::string text;
  for (const std::string_view name : names) {
    text += (text.empty() ? "" : between) + std::string(name);
  }
  return text;
}

[[noreturn]] void refuse(std::string_view text, const std::string& what) {
  throw SpecError("activation '" + std::string(text) + "': " + what);
}

void read_option(std::string_view text, const ActivationRow& row, std::string_view key,
                 std::string_view value, ActivationArguments& arguments) {
  if (row.option.empty() || key != row.option) {
    refuse(text, "unknown option '" + std::string(key) + "', expected " +
                     (row.option.empty() ? "none" : std::string(row.option)));
  }
  const auto word = std::find(row.words.begin(), row.words.end(), value);
  if (word == row.words.end()) {
    refuse(text, std::string(key) + " is '" + std::string(value) + "', expected " +
                     listed(row.words, " or "));
  }
  arguments.word = *word;
}

}  // namespace

std::string_view first_word(std::string_view text) {
  const auto words = words_of(text);
  return words.empty() ? std::string_view() : words.front();
}

ActivationDefinition activation_from_text(std::string_view text) {
  const auto words = words_of(text);
  if (words.empty()) throw SpecError("activation: empty, expected a name such as tanh");
  const ActivationRow* const row = find_activation(words.front());
  if (row == nullptr) {
    std::vector<std::string_view> names;
    for (const ActivationRow& known : activation_table()) names.push_back(known.name);
    throw SpecError("activation: unknown name '" + std::string(words.front()) +
                    "', expected one of " + listed(names, ", "));
  }
  ActivationArguments arguments = row->defaults();
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (const std::size_t equal = words[i].find('='); equal != std::string_view::npos) {
      read_option(text, *row, words[i].substr(0, equal), words[i].substr(equal + 1), arguments);
      continue;
    }
    const auto number = parse_number(words[i]);
    if (!number) refuse(text, "'" + std::string(words[i]) + "', expected a finite number");
    if (arguments.given == row->numbers.size()) {
      refuse(text, "no place for '" + std::string(words[i]) + "', expected at most " +
                       std::to_string(row->numbers.size()) + " numbers");
    }
    arguments.numbers[arguments.given++] = *number;
  }
  if (row->problem != nullptr) {
    if (const std::string_view problem = row->problem(arguments); !problem.empty()) {
      refuse(text, std::string(problem));
    }
  }
  return row->define(arguments);
}

}  // namespace plumb
