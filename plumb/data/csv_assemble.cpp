// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/csv_assemble.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <span>

#include "plumb/core/error.h"
#include "plumb/data/csv_labels.h"

namespace plumb {

OpenCsv::OpenCsv(const CsvFile& file)
    : decoded(decode_table(
          {reinterpret_cast<const std::byte*>(file.bytes.data()), file.bytes.size()}, file.place)),
      table(read_table(decoded.text, file.options, file.place, owners)),
      missing(file.options.na) {}

CsvRows choose_rows(const CsvTable& table, const std::vector<std::size_t>& learned, bool classes,
                    const CsvFeatures& features, const MissingOption& missing, bool may_be_none) {
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
  if (rows.kept.empty() && !may_be_none) {
    throw DataError(fmt::format(
        "{}: no row is left, expected one or more: {} lack what is to be learned, {} a feature",
        table.place, rows.unlabelled, rows.incomplete));
  }
  return rows;
}

namespace {

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
    const int answer = yes_or_no(cell);  // another table may have 1 and 0 for yes and no
    out[0] = answer >= 0 ? static_cast<float>(answer)
                         : read_number(table, feature.column, row, advice_for_feature);
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

std::vector<std::size_t> learned_columns(const CsvTable& table, const CsvOptions& options) {
  if (!options.label.empty()) return {table.find(options.label)};
  return table.find_all(options.target);
}

Dataset assemble(const OpenCsv& open, const std::vector<std::size_t>& learned, bool classes,
                 const CsvFeatures& features, const CsvRows& rows) {
  Dataset data;
  if (learned.empty()) {
    data.y = make_tensor(rows.kept.size(), 1);
  } else if (classes) {
    read_labels(open.table, learned[0], rows.kept, data);
  } else {
    read_targets(open.table, learned, rows, data);
  }
  read_features(open.table, features, open.missing, rows, data);
  data.notes.push_back(csv_note({.table = open.table,
                                 .encoding = open.decoded.encoding,
                                 .rows = rows,
                                 .features = features,
                                 .missing = open.missing,
                                 .learned = learned,
                                 .data = data}));
  return data;
}

}  // namespace plumb
