// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/csv_column_kind.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string>

#include "plumb/data/date_text.h"
#include "plumb/data/number_text.h"

namespace plumb {

namespace {

constexpr std::size_t kMinRowNumbers = 10;  // 0, 1, 2 in three rows may be anything

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return out;
}

bool is_like_id(const std::string& name) {
  constexpr std::array<std::string_view, 13> kNames{"",         "id",        "index", "idx", "no",
                                                    "no.",      "nr",        "nr.",   "#",   "row",
                                                    "rownames", "row_names", "uid"};
  const std::string small = lower(name);
  return std::ranges::find(kNames, small) != kNames.end() || small.starts_with("unnamed:") ||
         small.ends_with("_id") || small.ends_with(" id") || name.ends_with("Id") ||
         name.ends_with("ID");
}

bool are_different(const std::vector<double>& numbers) {
  return std::set(numbers.begin(), numbers.end()).size() == numbers.size();
}

/// Numbers of rows, names of rows, or plain numbers; `numbers` are all cells of the column.
ColumnKind kind_of_numbers(const std::vector<double>& numbers, const std::string& name) {
  const bool like_id = is_like_id(name);
  if (numbers.size() < (like_id ? 2 : kMinRowNumbers)) return ColumnKind::number;
  if (!std::ranges::all_of(numbers, [](double v) { return v == std::floor(v); })) {
    return ColumnKind::number;
  }
  const bool counts = std::ranges::adjacent_find(
                          numbers, [](double a, double b) { return b != a + 1; }) == numbers.end();
  if (counts && (like_id || numbers[0] == 0 || numbers[0] == 1)) return ColumnKind::row_numbers;
  if (like_id && numbers.size() >= kMinRowNumbers && are_different(numbers)) {
    return ColumnKind::identifiers;
  }
  return ColumnKind::number;
}

}  // namespace

int yes_or_no(std::string_view cell) {
  constexpr std::array<std::string_view, 4> kYes{"true", "yes", "y", "t"};
  constexpr std::array<std::string_view, 4> kNo{"false", "no", "n", "f"};
  if (cell.size() > 5) return -1;
  const std::string small = lower(cell);
  if (std::ranges::find(kYes, small) != kYes.end()) return 1;
  return std::ranges::find(kNo, small) != kNo.end() ? 0 : -1;
}

ColumnKind column_kind(const CsvTable& table, std::size_t column, const MissingOption& missing) {
  constexpr std::size_t kFewWords = 2;
  std::vector<double> numbers;
  std::set<std::string_view> words;
  std::size_t filled = 0;
  for (const std::string_view cell : table.columns[column]) {
    if (missing.among_numbers(cell)) continue;
    ++filled;
    if (const auto number = parse_table_number(cell, table.decimal)) {
      numbers.push_back(*number);
    } else if (words.size() <= kFewWords) {
      words.insert(cell);
    }
  }
  if (filled == 0) return ColumnKind::nothing;
  if (numbers.size() == table.rows()) return kind_of_numbers(numbers, table.names[column]);
  const bool few_words =
      words.size() <= kFewWords && numbers.size() > 2 && 2 * numbers.size() > filled;
  if (10 * numbers.size() >= 9 * filled || few_words) return ColumnKind::number;
  const auto all = [&](auto holds) {
    return std::ranges::all_of(table.columns[column], [&](std::string_view cell) {
      return missing.among_numbers(cell) || holds(cell);
    });
  };
  if (all([](std::string_view cell) { return yes_or_no(cell) >= 0; })) return ColumnKind::yes_no;
  return all(is_date) ? ColumnKind::dates : ColumnKind::words;
}

}  // namespace plumb
