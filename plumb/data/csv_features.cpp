// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/csv_features.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "plumb/core/error.h"
#include "plumb/data/number_text.h"

namespace plumb {

namespace {

constexpr std::size_t kFewValues = 32;
constexpr std::size_t kMostValues = 10'000;

bool contains(const std::vector<std::size_t>& list, std::size_t column) {
  return std::ranges::find(list, column) != list.end();
}

class Chooser {
 public:
  Chooser(const CsvTable& table, const CsvOptions& options, const MissingOption& missing)
      : table_(table), missing_(missing), no_encoding_(options.encode == "none") {
    only_ = table.find_all(options.only);
    drop_ = table.find_all(options.drop);
    if (!no_encoding_) encode_ = table.find_all(options.encode);
  }

  void add(std::size_t column) {
    if (contains(drop_, column) || (!only_.empty() && !contains(only_, column))) return;
    const bool wanted = contains(only_, column);
    ColumnKind kind = column_kind(table_, column, missing_);
    if (contains(encode_, column)) {
      kind = ColumnKind::words;
    } else if (kind == ColumnKind::dates && wanted) {
      refuse(column, "dates", "numbers or words");
    } else if (wanted && (kind == ColumnKind::row_numbers || kind == ColumnKind::identifiers)) {
      kind = ColumnKind::number;
    }
    switch (kind) {
      case ColumnKind::nothing: return leave_out(column, "no cell is filled");
      case ColumnKind::dates: return leave_out(column, "dates");
      case ColumnKind::row_numbers: return leave_out(column, "row numbers");
      case ColumnKind::identifiers: return leave_out(column, "identifiers");
      case ColumnKind::words: return add_words(column, wanted);
      case ColumnKind::number:
      case ColumnKind::yes_no: return add_numbers(column, kind);
    }
  }

  CsvFeatures result;

 private:
  void leave_out(std::size_t column, std::string_view why) {
    result.dropped.push_back(fmt::format("{} ({})", listed_column(table_, column), why));
  }

  [[noreturn]] void refuse(std::size_t column, std::string_view given, std::string_view expected) {
    throw DataError(fmt::format("{}: column {} holds {}, expected {} as feature", table_.place,
                                shown(table_.names[column]), given, expected));
  }

  void add_numbers(std::size_t column, ColumnKind kind) {
    CsvFeature feature{.column = column, .kind = kind};
    const auto& cells = table_.columns[column];
    feature.missing = static_cast<std::size_t>(std::ranges::count_if(
        cells, [&](std::string_view cell) { return missing_.among_numbers(cell); }));
    const auto same = [&](std::string_view cell) { return cell == cells[0]; };
    if (cells.size() > 1 && std::ranges::all_of(cells, same)) {
      result.constant.push_back(listed_column(table_, column));
    }
    result.features.push_back(std::move(feature));
  }

  void add_words(std::size_t column, bool wanted) {
    CsvFeature feature{.column = column, .kind = ColumnKind::words};
    std::set<std::string_view> values;
    for (const std::string_view cell : table_.columns[column]) {
      if (missing_.among_words(cell)) {
        ++feature.missing;
      } else if (values.size() <= kMostValues) {
        values.insert(cell);
      }
    }
    const bool encode = contains(encode_, column);
    const std::string count = values.size() > kMostValues ? fmt::format("over {}", kMostValues)
                                                          : fmt::format("{}", values.size());
    if (encode && values.size() > kMostValues) {
      refuse(column, count + " different values", fmt::format("at most {} to encode", kMostValues));
    }
    const bool few = values.size() <= kFewValues && 2 * values.size() <= table_.rows();
    if (!encode && !(few && !no_encoding_)) {
      const std::string how = "encode=" + option_name(table_, column);
      if (wanted) {
        refuse(column, count + " different words",
               fmt::format("numbers or few words ({} makes each an input)", how));
      }
      return leave_out(column, fmt::format("{} different words: {}", count, how));
    }
    if (values.size() < 2 && !encode) return leave_out(column, "the same text everywhere");
    feature.values.assign(values.begin(), values.end());
    result.features.push_back(std::move(feature));
  }

  const CsvTable& table_;
  const MissingOption& missing_;
  bool no_encoding_;
  std::vector<std::size_t> only_, drop_, encode_;
};

}  // namespace

CsvFeatures choose_features(const CsvTable& table, const std::vector<std::size_t>& learned,
                            const CsvOptions& options, const MissingOption& missing) {
  Chooser chooser(table, options, missing);
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    if (!contains(learned, column)) chooser.add(column);
  }
  if (chooser.result.features.empty()) {
    const auto& dropped = chooser.result.dropped;
    throw DataError(fmt::format(
        "{}: no column is left as feature, expected one or more{}", table.place,
        dropped.empty() ? ""
                        : fmt::format("; dropped: {} (only= keeps numbers, encode= anything)",
                                      short_list(dropped, 12))));
  }
  return std::move(chooser.result);
}

float read_number(const CsvTable& table, std::size_t column, std::size_t row,
                  std::string (*advice)(const CsvTable&, std::size_t, std::size_t)) {
  const std::string_view cell = table.columns[column][row];
  const auto fail = [&](std::string_view expected) {
    throw DataError(fmt::format("{}: line {}, column {}: {}, expected {}", table.place,
                                table.lines[row], shown(table.names[column]),
                                cell.empty() ? "empty" : shown(cell), expected));
  };
  const auto value = parse_table_number(cell, table.decimal);
  if (!value) fail("a number" + advice(table, column, row));
  const auto narrowed = static_cast<float>(*value);
  if (!std::isfinite(narrowed)) {
    fail(fmt::format("a finite number of the range of float (na={} takes it as missing)", cell));
  }
  return narrowed;
}

std::string short_list(const std::vector<std::string>& words, std::size_t most) {
  std::string list;
  for (std::size_t i = 0; i < std::min(most, words.size()); ++i) {
    list += (i > 0 ? ", " : "") + words[i];
  }
  if (words.size() > most) list += fmt::format(" and {} more", words.size() - most);
  return list;
}

std::string listed(std::string_view word) {
  const bool plain = !word.empty() && word.find_first_of(", \t\n'") == word.npos;
  return plain && word.size() <= 40 ? std::string(word) : shown(word);
}

std::string listed_column(const CsvTable& table, std::size_t column) {
  const std::string& name = table.names[column];
  return name.empty() || name == std::to_string(column) ? fmt::format("column {}", column)
                                                        : listed(name);
}

std::string option_name(const CsvTable& table, std::size_t column) {
  const std::string& name = table.names[column];
  return name.empty() ? std::to_string(column) : name;
}

}  // namespace plumb
