// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/wrap_lines.h"

#include <algorithm>

#include "plumb/report/text.h"

namespace plumb::cli {

namespace {

constexpr int kLeastWidth = 20;

bool is_example(std::string_view line) {
  return line.starts_with("  plumb ") || line.starts_with("  source ");
}

/// Where the description of an option begins; 0 for a line of another kind.
std::size_t description_of(std::string_view line, std::size_t column) {
  if (!line.starts_with("  ") || line.size() <= column) return 0;
  if (line[column] == ' ' || line[column - 1] != ' ') return 0;
  return column;
}

void append(std::string_view line, int width, std::size_t column, std::string& text) {
  const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
  const std::size_t from = description_of(line, column);
  const std::size_t hanging = from > 0 ? from : indent;
  const int left = width - static_cast<int>(hanging);
  std::string head(line.substr(0, hanging));
  for (const std::string& part : wrap(line.substr(hanging), std::max(left, kLeastWidth))) {
    text += head + part + "\n";
    head.assign(hanging, ' ');
  }
}

}  // namespace

std::string wrap_lines(std::string_view lines, int width, int column) {
  std::string text;
  for (std::size_t begin = 0; begin < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', begin), lines.size());
    const std::string_view line = lines.substr(begin, end - begin);
    begin = end + 1;
    if (line.empty() && text.ends_with("\n\n")) continue;
    if (display_width(line) <= width || is_example(line)) {
      text += std::string(line) + "\n";
    } else {
      append(line, width, static_cast<std::size_t>(column), text);
    }
  }
  return text;
}

std::string join_paragraphs(std::string_view lines) {
  std::string text;
  bool in_paragraph = false;
  for (std::size_t begin = 0; begin < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', begin), lines.size());
    const std::string_view line = lines.substr(begin, end - begin);
    const bool is_prose = !line.empty() && line.front() != ' ';
    if (is_prose && in_paragraph) text.back() = ' ';
    text += std::string(line) + "\n";
    in_paragraph = is_prose;
    begin = end + 1;
  }
  return text;
}

}  // namespace plumb::cli
