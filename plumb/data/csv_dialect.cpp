// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/csv_dialect.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>

#include "plumb/core/error.h"
#include "plumb/data/csv_records.h"
#include "plumb/data/missing_words.h"
#include "plumb/data/number_text.h"

namespace plumb {

namespace {

constexpr std::size_t kSampleRecords = 200;
constexpr std::size_t kEnoughHints = 10'000;

bool is_number(std::string_view cell) {
  return parse_table_number(cell, '.') || parse_table_number(cell, ',');
}

/// How well a separator cuts the first records: the share of records of the usual width, and half
/// the share of their cells that are numbers. 0 if it cuts nothing.
double quality(std::string_view text, char separator) {
  std::map<std::size_t, std::size_t> widths;
  std::size_t records = 0, cells = 0, numbers = 0;
  try {
    CsvRecords reader(text, "", separator);
    for (; records < kSampleRecords && reader.next(); ++records) {
      ++widths[reader.fields().size()];
      if (records == 0) continue;  // perhaps the header
      cells += reader.fields().size();
      numbers += static_cast<std::size_t>(std::ranges::count_if(reader.fields(), is_number));
    }
  } catch (const DataError&) {
    // Quotes that do not fit: perhaps another separator, perhaps a fault that its reader will name.
    if (records == 0) return 0;
  }
  if (widths.empty()) return 0;
  const auto usual = std::ranges::max_element(
      widths, {}, [](const auto& entry) { return std::pair(entry.second, entry.first); });
  if (usual->first < 2) return 0;
  const double consistent = static_cast<double>(usual->second) / static_cast<double>(records);
  const double numeric = cells == 0 ? 0 : static_cast<double>(numbers) / static_cast<double>(cells);
  return consistent + numeric / 2;
}

}  // namespace

char sniff_separator(std::string_view text) {
  // Words have blanks and commas within them, so the rarer signs go first where all is equal, and
  // blanks must be clearly better.
  constexpr std::array<std::pair<char, double>, 5> kCandidates{
      {{'\t', 0}, {';', 0}, {'|', 0}, {',', 0}, {' ', 0.3}}};
  char best = ',';
  double best_quality = 0;
  for (const auto& [separator, handicap] : kCandidates) {
    const double found = quality(text, separator) - handicap;
    if (found <= best_quality) continue;
    best = separator;
    best_quality = found;
  }
  return best;
}

char sniff_decimal(const std::vector<std::vector<std::string_view>>& columns, char separator) {
  std::size_t points = 0, commas = 0, open_commas = 0;
  for (const auto& column : columns) {
    for (const std::string_view cell : column) {
      if (std::max(points, commas) > std::min(points, commas) + kEnoughHints) break;
      switch (decimal_hint(cell)) {
        case DecimalHint::point: ++points; break;
        case DecimalHint::comma: ++commas; break;
        case DecimalHint::either: open_commas += cell.find(',') != cell.npos ? 1 : 0; break;
        case DecimalHint::none: break;
      }
    }
  }
  if (commas != points) return commas > points ? ',' : '.';
  return open_commas > 0 && separator == ';' ? ',' : '.';
}

bool sniff_header(const std::vector<std::vector<std::string_view>>& records) {
  const auto& first = records.front();
  const auto all_numbers = std::ranges::all_of(first, is_number);
  if (all_numbers) {
    // 0,1,2,... are the names that pandas gives.
    for (std::size_t i = 0; i < first.size(); ++i) {
      if (first[i] != std::to_string(i)) return false;
    }
    return first.size() > 2;
  }
  // R and pandas leave the name of the row names empty, whatever the other names are.
  const auto is_filled = [](const auto& record) { return !record[0].empty(); };
  if (first[0].empty() && records.size() > 1 &&
      std::all_of(records.begin() + 1, records.end(), is_filled) &&
      std::set(first.begin(), first.end()).size() == first.size()) {
    return true;
  }
  bool word_over_numbers = false, recurs = false, number_over_numbers = false, is_empty = false;
  for (std::size_t column = 0; column < first.size(); ++column) {
    std::size_t numbers = 0, filled = 0;
    bool column_recurs = false;
    for (std::size_t row = 1; row < records.size(); ++row) {
      const std::string_view cell = records[row][column];
      if (is_missing(cell)) continue;
      ++filled;
      numbers += is_number(cell) ? 1 : 0;
      column_recurs = column_recurs || cell == first[column];
    }
    const bool is_numeric = filled > 0 && 10 * numbers >= 9 * filled;
    if (is_missing(first[column])) {
      is_empty = is_empty || column > 0;
    } else if (is_numeric) {
      (is_number(first[column]) ? number_over_numbers : word_over_numbers) = true;
    } else {
      recurs = recurs || column_recurs;
    }
  }
  if (word_over_numbers) return true;
  if (recurs || number_over_numbers || is_empty) return false;
  // Words alone: names are all different.
  return std::set(first.begin(), first.end()).size() == first.size();
}

bool is_line_of_counts(const std::vector<std::string_view>& first, std::size_t rows,
                       std::size_t width) {
  return first.size() >= 2 && rows > 1 && first[0] == std::to_string(rows) &&
         first[1] == std::to_string(width - 1);
}

}  // namespace plumb
