// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/csv_note.h"

#include <fmt/format.h>

#include <string_view>

namespace plumb {

namespace {

constexpr std::size_t kMostListed = 12;
constexpr std::size_t kMostValues = 5;
constexpr std::size_t kMostClasses = 10;

std::string describe_file(const CsvDecisions& d) {
  const std::string& place = d.table.place;
  return fmt::format("{}: {}{}{}{}, {}", place.substr(place.find_last_of('/') + 1), d.encoding,
                     d.encoding.empty() ? "" : ", ", separator_name(d.table.separator),
                     d.table.decimal == ',' ? ", decimal commas" : "", d.table.header);
}

std::string describe_rows(const CsvRows& rows) {
  std::string text = counted(rows.kept.size(), "row");
  const auto add = [&](std::size_t count, std::string_view why) {
    if (count > 0) text += fmt::format(" ({} more dropped: {})", count, why);
  };
  add(rows.unlabelled, "what is to be learned is missing");
  add(rows.incomplete, "a feature is missing");
  return text;
}

/// Names, or where there are none "columns 0 to 12".
std::string list_columns(const CsvTable& table, const std::vector<std::size_t>& columns) {
  std::vector<std::string> names;
  bool nameless = columns.size() > 2;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::size_t column = columns[i];
    names.push_back(listed_column(table, column));
    nameless =
        nameless && table.names[column] == std::to_string(column) && column == columns[0] + i;
  }
  return nameless ? fmt::format("columns {} to {}", columns.front(), columns.back())
                  : short_list(names, kMostListed);
}

/// Numbers first, for of them there is nothing else to say.
std::string describe_inputs(const CsvDecisions& d) {
  std::vector<std::size_t> numbers;
  std::vector<std::string> others;
  for (const CsvFeature& feature : d.features.features) {
    if (feature.kind == ColumnKind::number) {
      numbers.push_back(feature.column);
      continue;
    }
    std::vector<std::string> values;
    for (const std::string_view value : feature.values) values.push_back(listed(value));
    others.push_back(fmt::format("{} ({})", listed_column(d.table, feature.column),
                                 feature.kind == ColumnKind::words
                                     ? "one-hot: " + short_list(values, kMostValues)
                                     : "yes 1, no 0"));
  }
  std::string text = list_columns(d.table, numbers);
  if (!numbers.empty() && !others.empty()) text += ", ";
  return fmt::format("{} from {}{}",
                     counted(static_cast<std::size_t>(d.data.x.shape()[1]), "input"), text,
                     short_list(others, kMostListed));
}

std::string describe_missing(const CsvDecisions& d) {
  if (d.missing.numbers == MissingNumbers::drop) return "";
  std::vector<std::string> numbers, words;
  for (const CsvFeature& feature : d.features.features) {
    if (feature.missing == 0) continue;
    (feature.kind == ColumnKind::words ? words : numbers)
        .push_back(fmt::format("{} ({})", listed_column(d.table, feature.column), feature.missing));
  }
  std::string text;
  if (!numbers.empty()) {
    text += fmt::format(
        "; missing: {}, filled with {}", short_list(numbers, kMostListed),
        d.missing.numbers == MissingNumbers::mean ? "the mean of the training part" : "0");
  }
  if (!words.empty()) {
    text += fmt::format("; missing: {}, 0 in all its inputs", short_list(words, kMostListed));
  }
  return text;
}

std::string describe_classes(const Dataset& data) {
  std::vector<std::string> names;
  bool as_they_are = true;
  for (const std::string& name : data.class_names) {
    as_they_are = as_they_are && name == std::to_string(names.size());
    names.push_back(listed(name));
  }
  const std::string last = std::to_string(data.classes - 1);
  std::string text = fmt::format("{} classes, ", data.classes);
  text += as_they_are ? "0 to " + last
                      : fmt::format("{} as 0 to {}", short_list(names, kMostClasses), last);
  const bool like_numbers = data.classes > 20 && 10 * data.classes > data.size();
  return text + (like_numbers ? " (target= learns a number)" : "");
}

}  // namespace

std::string csv_note(const CsvDecisions& d) {
  std::string note = fmt::format("{}; {}; {}{}", describe_file(d), describe_rows(d.rows),
                                 describe_inputs(d), describe_missing(d));
  if (!d.features.dropped.empty()) {
    note += "; dropped " + short_list(d.features.dropped, kMostListed);
  }
  if (!d.features.constant.empty()) {
    note += "; the same number everywhere in " + short_list(d.features.constant, kMostListed);
  }
  if (d.learned.empty()) return note;
  const std::string learned = list_columns(d.table, d.learned);
  return note + (d.data.is_classification()
                     ? fmt::format("; label {}: {}", learned, describe_classes(d.data))
                     : "; target " + learned);
}

}  // namespace plumb
