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
#include "plumb/data/csv_table.h"
#include "plumb/data/file_bytes.h"
#include "plumb/data/table_text.h"

namespace plumb {

namespace {

constexpr std::size_t kMostListed = 12;

std::string_view file_name(std::string_view place) {
  return place.substr(place.find_last_of('/') + 1);
}

/// Rows that have what is to be learned and, where asked for, all features.
struct Rows {
  std::vector<std::size_t> kept;
  std::size_t unlabelled = 0;
  std::size_t incomplete = 0;
};

Rows choose_rows(const CsvTable& table, const std::vector<std::size_t>& learned, bool classes,
                 const CsvFeatures& features, const MissingOption& missing) {
  Rows rows;
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

std::string advice(const CsvTable& table, std::size_t column, std::size_t row) {
  const std::string name = option_name(table, column);
  return fmt::format(
      " (na={} takes it as missing, encode={} makes categories, drop={} leaves the column out)",
      table.columns[column][row], name, name);
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
    out[0] = read_number(table, feature.column, row, advice(table, feature.column, row));
  }
}

Tensor make_tensor(std::size_t rows, std::size_t width) {
  return Tensor({static_cast<std::int64_t>(rows), static_cast<std::int64_t>(width)}, DType::f32);
}

void read_features(const CsvTable& table, const CsvFeatures& features, const MissingOption& missing,
                   const Rows& rows, Dataset& data) {
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

void read_targets(const CsvTable& table, const std::vector<std::size_t>& columns, const Rows& rows,
                  Dataset& data) {
  data.y = make_tensor(rows.kept.size(), columns.size());
  auto out = data.y.as<float>().begin();
  const MissingOption missing{""};
  std::vector<bool> yes_no;
  for (const std::size_t column : columns) {
    yes_no.push_back(column_kind(table, column, missing) == ColumnKind::yes_no);
  }
  for (const std::size_t row : rows.kept) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::size_t column = columns[i];
      *out++ = yes_no[i] ? static_cast<float>(yes_or_no(table.columns[column][row]))
                         : read_number(table, column, row, "; label= is for classes");
    }
  }
}

std::string describe_feature(const CsvTable& table, const CsvFeature& feature,
                             const MissingOption& missing) {
  std::string what = listed_column(table, feature.column);
  std::vector<std::string> remarks;
  if (feature.kind == ColumnKind::yes_no) remarks.emplace_back("yes 1, no 0");
  if (feature.kind == ColumnKind::words) {
    std::vector<std::string> values;
    for (const std::string_view value : feature.values) values.push_back(listed(value));
    remarks.push_back("one-hot: " + short_list(values, 5));
  }
  if (feature.missing > 0 && missing.numbers != MissingNumbers::drop) {
    const bool zero = feature.kind == ColumnKind::words || missing.numbers == MissingNumbers::zero;
    remarks.push_back(fmt::format("{} missing: {}", feature.missing,
                                  zero ? "0" : "the mean of the training part"));
  }
  if (!remarks.empty()) what += fmt::format(" ({})", fmt::join(remarks, "; "));
  return what;
}

/// Columns of one kind stand together where they are many and nothing is to be said of them.
std::string describe_features(const CsvTable& table, const CsvFeatures& features,
                              const MissingOption& missing) {
  std::vector<std::string> plain, remarkable;
  for (const CsvFeature& feature : features.features) {
    const bool is_plain = feature.kind == ColumnKind::number && feature.missing == 0;
    (is_plain ? plain : remarkable).push_back(describe_feature(table, feature, missing));
  }
  std::string list = short_list(plain, kMostListed);
  if (!plain.empty() && !remarkable.empty()) list += ", ";
  return list + short_list(remarkable, kMostListed);
}

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string describe_labels(const Dataset& data) {
  std::vector<std::string> names;
  bool as_they_are = true;
  for (const std::string& name : data.class_names) {
    as_they_are = as_they_are && name == std::to_string(names.size());
    names.push_back(listed(name));
  }
  const std::string last = std::to_string(data.classes - 1);
  if (as_they_are) return fmt::format("{} classes, 0 to {}", data.classes, last);
  return fmt::format("{} classes, {} as 0 to {}", data.classes, short_list(names, 10), last);
}

std::string describe(const CsvTable& table, const std::string& encoding, const Rows& rows,
                     const CsvFeatures& features, const MissingOption& missing,
                     const std::vector<std::size_t>& learned, const Dataset& data) {
  std::string note = fmt::format(
      "{}: {}{}{}, {}; {}", file_name(table.place), encoding.empty() ? "" : encoding + ", ",
      separator_name(table.separator), table.decimal == ',' ? ", decimal commas" : "", table.header,
      counted(rows.kept.size(), "row"));
  const auto add = [&](std::size_t count, std::string_view why) {
    if (count > 0) note += fmt::format(" ({} more dropped: {})", count, why);
  };
  add(rows.unlabelled, "what is to be learned is missing");
  add(rows.incomplete, "a feature is missing");
  note += fmt::format("; {} from {}", counted(static_cast<std::size_t>(data.x.shape()[1]), "input"),
                      describe_features(table, features, missing));
  if (!features.dropped.empty()) note += "; dropped " + short_list(features.dropped, kMostListed);
  if (!features.constant.empty()) {
    note += "; the same number everywhere in " + short_list(features.constant, kMostListed);
  }
  std::vector<std::string> names;
  for (const std::size_t column : learned) names.push_back(listed_column(table, column));
  if (data.is_classification()) {
    note += fmt::format("; label {}: {}", names[0], describe_labels(data));
    if (data.classes > 20 && 10 * data.classes > data.size()) note += " (target= learns a number)";
  } else {
    note += fmt::format("; target {}", short_list(names, kMostListed));
  }
  return note;
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
  const Rows rows = choose_rows(table, learned, classes, features, missing);
  Dataset data;
  if (classes) {
    read_labels(table, learned[0], rows.kept, data);
  } else {
    read_targets(table, learned, rows, data);
  }
  read_features(table, features, missing, rows, data);
  data.notes.push_back(describe(table, decoded.encoding, rows, features, missing, learned, data));
  return data;
}

Dataset read_csv(const std::string& path, const CsvOptions& options) {
  const auto bytes = read_file(path);
  return parse_csv({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, options, path);
}

}  // namespace plumb
