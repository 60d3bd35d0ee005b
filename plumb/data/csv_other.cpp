// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "plumb/core/error.h"
#include "plumb/data/csv.h"
#include "plumb/data/csv_assemble.h"

namespace plumb {

namespace {

/// How the columns of another table are those of the training's.
class ColumnMap {
 public:
  ColumnMap(const CsvTable& other, const CsvTable& training,
            const std::vector<std::size_t>& training_learned)
      : other_(other), training_(training), learned_(training_learned) {
    by_name_ = has_names(other) && has_names(training);
  }

  std::optional<std::size_t> find(std::size_t column) const {
    const std::string& name = training_.names[column];
    if (by_name_ && !name.empty() && std::ranges::count(training_.names, name) == 1) {
      const auto it = std::ranges::find(other_.names, name);
      if (it != other_.names.end()) return static_cast<std::size_t>(it - other_.names.begin());
      return std::nullopt;
    }
    return by_place(column);
  }

 private:
  static bool has_names(const CsvTable& table) { return table.header.starts_with("header"); }

  std::optional<std::size_t> by_place(std::size_t column) const {
    if (other_.names.size() == training_.names.size()) return column;
    // Without what is learned, the columns behind it are further to the front.
    if (other_.names.size() + learned_.size() != training_.names.size()) return std::nullopt;
    if (std::ranges::find(learned_, column) != learned_.end()) return std::nullopt;
    const auto before = std::ranges::count_if(learned_, [&](std::size_t l) { return l < column; });
    return column - static_cast<std::size_t>(before);
  }

  const CsvTable& other_;
  const CsvTable& training_;
  const std::vector<std::size_t>& learned_;
  bool by_name_ = false;
};

/// A table of one row or two does not show whether it has a header: that it has the names of the
/// training does.
std::optional<bool> header_like(const CsvFile& file, const CsvTable& training) {
  if (file.options.header) return file.options.header;
  if (training.header == "no header") return false;
  if (!training.header.starts_with("header")) return std::nullopt;
  CsvFile named = file;
  named.options.header = true;
  try {
    const OpenCsv open(named);
    for (const std::string& name : training.names) {
      if (!name.empty() && std::ranges::find(open.table.names, name) != open.table.names.end()) {
        return true;
      }
    }
  } catch (const DataError&) {  // told, if it is one, when the table is read
  }
  return std::nullopt;
}

CsvFeatures features_like(const OpenCsv& other, const OpenCsv& training,
                          const CsvFeatures& features, const ColumnMap& map,
                          std::vector<std::string>& notes) {
  CsvFeatures found;
  for (const CsvFeature& feature : features.features) {
    const auto column = map.find(feature.column);
    if (!column) {
      std::vector<std::string> names;
      for (const std::string& name : other.table.names) names.push_back(shown(name));
      throw DataError(fmt::format(
          "{}: has no column {}, which the network was trained on ({}), expected it beside {}",
          other.table.place, listed_column(training.table, feature.column), training.table.place,
          short_list(names, 30)));
    }
    CsvFeature same = feature;
    same.column = *column;
    same.missing = 0;
    std::vector<std::string> unknown;
    for (const std::string_view cell : other.table.columns[*column]) {
      const bool words = feature.kind == ColumnKind::words;
      if (words ? other.missing.among_words(cell) : other.missing.among_numbers(cell)) {
        ++same.missing;
      } else if (words && std::ranges::find(feature.values, cell) == feature.values.end() &&
                 std::ranges::find(unknown, shown(cell)) == unknown.end()) {
        unknown.push_back(shown(cell));
      }
    }
    if (!unknown.empty()) {
      notes.push_back(fmt::format(
          "{}: column {} has {}, which the training had not: 0 in all its "
          "inputs",
          other.table.place, listed_column(other.table, *column), short_list(unknown, 5)));
    }
    found.features.push_back(std::move(same));
  }
  return found;
}

/// The columns of `other` that hold what is learned; none where it does not have them all.
std::vector<std::size_t> learned_like(const CsvTable& other, const CsvOptions& options,
                                      const CsvOptions& training,
                                      const std::vector<std::size_t>& training_learned,
                                      const ColumnMap& map, LabelUse labels) {
  const bool says_same = options.label == training.label && options.target == training.target;
  if (!says_same && !(options.label.empty() && options.target.empty())) {
    return learned_columns(other, options);
  }
  std::vector<std::size_t> learned;
  for (const std::size_t column : training_learned) {
    if (const auto found = map.find(column)) learned.push_back(*found);
  }
  if (learned.size() == training_learned.size()) return learned;
  if (labels == LabelUse::required)
    return learned_columns(other, training);  // says what is missing
  return {};
}

CsvRows all_rows(const CsvTable& table) {
  CsvRows rows;
  for (std::size_t row = 0; row < table.rows(); ++row) rows.kept.push_back(row);
  return rows;
}

}  // namespace

OtherData parse_other_csv(const CsvFile& given, const CsvFile* training, LabelUse labels) {
  const bool is_optional = labels == LabelUse::optional;
  CsvFile file = given;
  file.options.may_be_one_column = is_optional;
  const bool says_nothing = file.options.label.empty() && file.options.target.empty();
  if (training == nullptr) {
    if (!is_optional || !says_nothing) {
      return {parse_csv(file.bytes, file.options, file.place), true};
    }
    const OpenCsv open(file);
    const CsvFeatures features = choose_features(open.table, {}, file.options, open.missing);
    const CsvRows rows = choose_rows(open.table, {}, false, features, open.missing);
    return {assemble(open, {}, false, features, rows), false};
  }
  const OpenCsv trained(*training);
  const bool classes = !training->options.label.empty();
  const std::vector<std::size_t> trained_on = learned_columns(trained.table, training->options);
  const CsvFeatures features =
      choose_features(trained.table, trained_on, training->options, trained.missing);
  file.options.header = header_like(file, trained.table);
  if (file.options.na.empty()) file.options.na = training->options.na;
  OpenCsv open(file);
  if (is_optional && open.missing.numbers == MissingNumbers::drop) {
    open.missing.numbers = MissingNumbers::mean;
  }
  const ColumnMap map(open.table, trained.table, trained_on);
  std::vector<std::string> notes;
  const CsvFeatures found = features_like(open, trained, features, map, notes);
  std::vector<std::size_t> learned =
      learned_like(open.table, file.options, training->options, trained_on, map, labels);
  CsvRows rows = choose_rows(open.table, learned, classes, found, open.missing, is_optional);
  if (is_optional && rows.unlabelled > 0) {
    notes.push_back(fmt::format("{}: {} without what was learned, so it is not used",
                                open.table.place, counted(rows.unlabelled, "row")));
    learned.clear();
  }
  if (is_optional) rows = all_rows(open.table);
  OtherData other{assemble(open, learned, classes, found, rows), !learned.empty()};
  other.data.notes.insert(other.data.notes.end(), notes.begin(), notes.end());
  return other;
}

}  // namespace plumb
