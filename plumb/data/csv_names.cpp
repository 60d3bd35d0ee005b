// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>

#include "plumb/core/error.h"
#include "plumb/data/csv_table.h"

namespace plumb {

namespace {

/// Levenshtein's distance: how many letters to change, add or take away.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row[b.size()];
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return out;
}

/// ?label=a%26b: the signs that the text of a data set needs for itself.
std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const char* digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// A column's number; negative ones count from the end.
std::optional<std::size_t> column_number(const std::string& text, std::size_t count) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  const auto columns = static_cast<std::int64_t>(count);
  if (number < 0) number += columns;
  if (number < 0 || number >= columns) return std::nullopt;
  return static_cast<std::size_t>(number);
}

[[noreturn]] void fail_no_column(const CsvTable& table, const std::string& name) {
  constexpr std::size_t kMaxNames = 30;
  std::string names, nearest;
  std::size_t least = std::max<std::size_t>(2, name.size() / 2);
  for (std::size_t i = 0; i < table.names.size(); ++i) {
    if (i < kMaxNames) names += (i > 0 ? ", " : "") + shown(table.names[i]);
    const std::size_t apart =
        distance(lower(name.substr(0, 100)), lower(table.names[i].substr(0, 100)));
    if (apart >= std::min(least, name.size())) continue;
    least = apart;
    nearest = table.names[i];
  }
  if (table.names.size() > kMaxNames) {
    names += fmt::format(" and {} more", table.names.size() - kMaxNames);
  }
  throw DataError(fmt::format(
      "{}: has no column {}{}, expected {} or a number from 0 to {}", table.place, shown(name),
      nearest.empty() ? "" : fmt::format(" (did you mean {}?)", shown(nearest)), names,
      table.names.size() - 1));
}

std::optional<std::size_t> try_find(const CsvTable& table, const std::string& name) {
  for (const std::string& given : {name, percent_decoded(name)}) {
    const auto count = std::ranges::count(table.names, given);
    if (count > 1) {
      throw DataError(fmt::format("{}: {} columns are called {}, expected one: give its number",
                                  table.place, count, shown(given)));
    }
    const auto found = std::ranges::find(table.names, given);
    if (count == 1) return static_cast<std::size_t>(found - table.names.begin());
  }
  return column_number(name, table.names.size());
}

}  // namespace

std::size_t CsvTable::find(const std::string& name) const {
  const auto found = try_find(*this, name);
  if (!found) fail_no_column(*this, name);
  return *found;
}

std::vector<std::size_t> CsvTable::find_all(const std::string& list) const {
  std::vector<std::size_t> found;
  for (std::size_t begin = 0; begin < list.size();) {
    // The longest name first: it may hold commas.
    std::size_t end = list.size();
    std::optional<std::size_t> column;
    while (true) {
      column = try_find(*this, list.substr(begin, end - begin));
      if (column) break;
      const std::size_t comma = end > begin ? list.rfind(',', end - 1) : list.npos;
      if (comma == list.npos || comma <= begin) {
        fail_no_column(*this, list.substr(begin, list.find(',', begin) - begin));
      }
      end = comma;
    }
    if (std::ranges::find(found, *column) == found.end()) found.push_back(*column);
    begin = end + 1;
  }
  return found;
}

}  // namespace plumb
