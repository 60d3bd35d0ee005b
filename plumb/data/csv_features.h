// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/data/csv_column_kind.h"
#include "plumb/data/csv_options.h"
#include "plumb/data/csv_table.h"

namespace plumb {

/// A column of a table as inputs of a network.
struct CsvFeature {
  std::size_t column = 0;
  ColumnKind kind = ColumnKind::number;       ///< number, yes_no, or words for one-hot
  std::vector<std::string_view> values = {};  ///< words: one input each
  std::size_t missing = 0;                    ///< cells

  std::size_t width() const { return kind == ColumnKind::words ? values.size() : 1; }
};

struct CsvFeatures {
  std::vector<CsvFeature> features;
  std::vector<std::string> dropped;   ///< "id (row numbers)"
  std::vector<std::string> constant;  ///< names of columns that hold one number
};

/// Decides what the columns other than `learned` become. Numbers are taken as they are, yes and no
/// as 1 and 0, up to 32 different words (each twice in the mean at least) as one-hot columns;
/// dates, row numbers, identifiers, other words and empty columns are dropped, unless only= or
/// encode= names them.
/// Errors  DataError: a column that is not there, no feature left, only= of dates or of words with
///         many values.
CsvFeatures choose_features(const CsvTable& table, const std::vector<std::size_t>& learned,
                            const CsvOptions& options, const MissingOption& missing);

/// The finite number in a cell. Errors  DataError naming line and column; where it is no number,
/// with the advice for that cell.
float read_number(const CsvTable& table, std::size_t column, std::size_t row,
                  std::string (*advice)(const CsvTable&, std::size_t column, std::size_t row));

/// Up to `most` words between commas, and how many more there are.
std::string short_list(const std::vector<std::string>& words, std::size_t most);

/// A word in a list: quoted where it is empty or holds commas or blanks.
std::string listed(std::string_view word);

/// The name of a column in a list, or its number: "column 0".
std::string listed_column(const CsvTable& table, std::size_t column);

/// What an option calls a column: its name, or its number where it has none.
std::string option_name(const CsvTable& table, std::size_t column);

}  // namespace plumb
