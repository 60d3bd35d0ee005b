// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/text_format.h"

#include <algorithm>
#include <string>
#include <vector>

#include "plumb/data/number_text.h"

namespace plumb {

namespace {

constexpr std::string_view kBlanks = " \t\r\n";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// The first lines that are not empty.
std::vector<std::string_view> first_lines(std::string_view text, std::size_t most) {
  std::vector<std::string_view> lines;
  while (!text.empty() && lines.size() < most) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(kBlanks) != line.npos) lines.push_back(line);
  }
  return lines;
}

/// An object, or an array of objects or arrays. A bracket alone may begin a name: [cm].
bool is_json(std::string_view text) {
  const bool is_array = text.starts_with('[');
  if (!is_array && !text.starts_with('{')) return false;
  const std::size_t next = text.find_first_not_of(kBlanks, 1);
  if (next == text.npos) return false;
  return is_array ? text[next] == '{' || text[next] == '[' : text[next] == '"' || text[next] == '}';
}

bool is_markup(std::string_view text) {
  if (text.size() < 2 || text[0] != '<') return false;
  return text[1] == '!' || text[1] == '?' || is_letter(text[1]);
}

bool is_arff(const std::vector<std::string_view>& lines) {
  const auto it =
      std::ranges::find_if(lines, [](std::string_view line) { return !line.starts_with('%'); });
  if (it == lines.end()) return false;
  std::string word(it->substr(0, 9));
  std::ranges::transform(word, word.begin(),
                         [](char c) { return is_letter(c) ? static_cast<char>(c | 32) : c; });
  return word == "@relation";
}

/// 12:0.5
bool is_pair(std::string_view field) {
  const std::size_t colon = field.find(':');
  if (colon == 0 || colon == field.npos || colon + 1 == field.size()) return false;
  return std::ranges::all_of(field.substr(0, colon), is_digit) &&
         parse_table_number(field.substr(colon + 1), '.').has_value();
}

/// 10:30
bool is_time_of_day(std::string_view field) {
  const std::size_t colon = field.find(':');
  return field.size() == colon + 3 && is_digit(field[colon + 1]) && is_digit(field[colon + 2]);
}

/// Each line is a number and pairs, of which some line has two; all of them may be times of day,
/// and then they are.
bool is_libsvm(const std::vector<std::string_view>& lines) {
  std::size_t most = 0;
  bool shows_no_clock = false;
  for (std::string_view line : lines) {
    std::size_t fields = 0;
    while (true) {
      line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
      if (line.empty()) break;
      const std::string_view field = line.substr(0, line.find_first_of(" \t"));
      line.remove_prefix(field.size());
      ++fields;
      if (fields == 1 ? !parse_table_number(field, '.').has_value() : !is_pair(field)) return false;
      shows_no_clock = shows_no_clock || (fields > 1 && !is_time_of_day(field));
    }
    most = std::max(most, fields);
  }
  return most > 2 && shows_no_clock;
}

/// The second line is a rule: |---|:--:|
bool is_markdown(const std::vector<std::string_view>& lines) {
  if (lines.size() < 2 || lines[0].find('|') == lines[0].npos) return false;
  return lines[1].find("--") != lines[1].npos && lines[1].find('|') != lines[1].npos &&
         lines[1].find_first_not_of(" |:-") == lines[1].npos;
}

}  // namespace

std::string_view other_text_format(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
  text.remove_prefix(begin);
  const std::vector<std::string_view> lines = first_lines(text, 10);
  if (is_json(text)) return "JSON";
  if (is_markup(text)) return "HTML or XML";
  if (text.starts_with("version https://git-lfs")) {
    return "a Git LFS pointer in place of the file (git lfs pull fetches it)";
  }
  if (is_arff(lines)) return "an ARFF file";
  if (is_markdown(lines)) return "a Markdown table";
  return is_libsvm(lines) ? "LIBSVM's format (index:value)" : "";
}

}  // namespace plumb
