// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <limits>
#include <span>

#include "plumb/core/error.h"
#include "plumb/data/csv_features.h"
#include "plumb/data/csv_labels.h"
#include "plumb/data/csv_note.h"
#include "plumb/data/csv_table.h"
#include "plumb/data/file_bytes.h"
#include "plumb/data/table_text.h"

namespace plumb {

namespace {

CsvRows choose_rows(const CsvTable& table, const std::vector<std::size_t>& learned, bool classes,
                    const CsvFeatures& features, const MissingOption& missing) {
  CsvRows rows;
  const auto is_unlabelled = [&](std::size_t row) {
    return std::ranges::any_of(learned, [&](std::size_t column) {
      const std::string_view cell = table.columns[column][row];
      return classes ? missing.among_words(cell) : missing.among_numbers(cell);
    });
  };
  const auto is_incomplete = [&](std::size_t row) {
    return std::ranges::any_of(features.features, [&](const CsvFeature& feature) {
      const std::string_view cell = table.columns[feature.column][row];
      return feature.kind == ColumnKind::words ? missing.among_words(cell)
                                               : missing.among_numbers(cell);
    });
  };
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (is_unlabelled(row)) {
      ++rows.unlabelled;
    } else if (missing.numbers == MissingNumbers::drop && is_incomplete(row)) {
      ++rows.incomplete;
    } else {
      rows.kept.push_back(row);
    }
  }
  if (rows.kept.empty()) {
    throw DataError(fmt::format(
        "{}: no row is left, expected one or more: {} lack what is to be learned, {} a feature",
        table.place, rows.unlabelled, rows.incomplete));
  }
  return rows;
}

std::string advice_for_feature(const CsvTable& table, std::size_t column, std::size_t row) {
  const std::string name = option_name(table, column);
  return fmt::format(
      " (na={} takes it as missing, encode={} makes categories, drop={} leaves the column out)",
      table.columns[column][row], name, name);
}

std::string advice_for_target(const CsvTable&, std::size_t, std::size_t) {
  return "; label= is for classes";
}

void write_feature(const CsvTable& table, const CsvFeature& feature, const MissingOption& missing,
                   std::size_t row, std::span<float> out) {
  const std::string_view cell = table.columns[feature.column][row];
  if (feature.kind == ColumnKind::words) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = cell == feature.values[i] ? 1.0f : 0.0f;
  } else if (missing.among_numbers(cell)) {
    const bool later = missing.numbers == MissingNumbers::mean;
    out[0] = later ? std::numeric_limits<float>::quiet_NaN() : 0.0f;
  } else if (feature.kind == ColumnKind::yes_no) {
    out[0] = static_cast<float>(yes_or_no(cell));
  } else {
    out[0] = read_number(table, feature.column, row, advice_for_feature);
  }
}

Tensor make_tensor(std::size_t rows, std::size_t width) {
  return Tensor({static_cast<std::int64_t>(rows), static_cast<std::int64_t>(width)}, DType::f32);
}

void read_features(const CsvTable& table, const CsvFeatures& features, const MissingOption& missing,
                   const CsvRows& rows, Dataset& data) {
  std::size_t width = 0;
  for (const CsvFeature& feature : features.features) {
    width += feature.width();
    const std::string& name = table.names[feature.column];
    if (feature.kind != ColumnKind::words) data.columns.push_back(name);
    for (const std::string_view value : feature.values) {
      data.columns.push_back(fmt::format("{}={}", name, value));
    }
  }
  data.x = make_tensor(rows.kept.size(), width);
  auto out = data.x.as<float>();
  for (const std::size_t row : rows.kept) {
    for (const CsvFeature& feature : features.features) {
      write_feature(table, feature, missing, row, out.first(feature.width()));
      out = out.subspan(feature.width());
    }
  }
}

void read_targets(const CsvTable& table, const std::vector<std::size_t>& columns,
                  const CsvRows& rows, Dataset& data) {
  data.y = make_tensor(rows.kept.size(), columns.size());
  auto out = data.y.as<float>().begin();
  const MissingOption missing{""};
  std::vector<bool> yes_no(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    yes_no[i] = column_kind(table, columns[i], missing) == ColumnKind::yes_no;
  }
  for (const std::size_t row : rows.kept) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::size_t column = columns[i];
      *out++ = yes_no[i] ? static_cast<float>(yes_or_no(table.columns[column][row]))
                         : read_number(table, column, row, advice_for_target);
    }
  }
}

}  // namespace

Dataset parse_csv(std::string_view bytes, const CsvOptions& options, const std::string& place) {
  const TableText decoded =
      decode_table({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()}, place);
  std::deque<CsvRecords> owners;
  const CsvTable table = read_table(decoded.text, options, place, owners);
  const bool classes = !options.label.empty();
  if (!classes && options.target.empty()) {
    std::vector<std::string> names;
    for (const std::string& name : table.names) names.push_back(shown(name));
    throw DataError(fmt::format(
        "{}: no column to learn, expected ?label=COLUMN (classes) or ?target=COLUMN (numbers) with "
        "one of {}",
        place, short_list(names, 30)));
  }
  const MissingOption missing(options.na);
  const std::vector<std::size_t> learned =
      classes ? std::vector{table.find(options.label)} : table.find_all(options.target);
  const CsvFeatures features = choose_features(table, learned, options, missing);
  const CsvRows rows = choose_rows(table, learned, classes, features, missing);
  Dataset data;
  if (classes) {
    read_labels(table, learned[0], rows.kept, data);
  } else {
    read_targets(table, learned, rows, data);
  }
  read_features(table, features, missing, rows, data);
  data.notes.push_back(csv_note({.table = table,
                                 .encoding = decoded.encoding,
                                 .rows = rows,
                                 .features = features,
                                 .missing = missing,
                                 .learned = learned,
                                 .data = data}));
  return data;
}

Dataset read_csv(const std::string& path, const CsvOptions& options) {
  const auto bytes = read_file(path);
  return parse_csv({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, options, path);
}

}  // namespace plumb
