// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/data/csv_options.h"
#include "plumb/data/csv_records.h"

namespace plumb {

/// A CSV file as columns of cells, with what it was taken for.
struct CsvTable {
  std::string place;
  std::vector<std::string> names;                      ///< of the columns; numbers without header
  std::vector<std::vector<std::string_view>> columns;  ///< [column][row], trimmed
  std::vector<std::size_t> lines;                      ///< [row]: where it begins, from 1
  std::vector<std::string> class_names;                ///< from a first line of counts
  char separator = ',';
  char decimal = '.';
  std::string header;  ///< "header", "no header", "first line of counts"

  std::size_t rows() const { return lines.size(); }
  /// Position of a column that is named or numbered, as CsvOptions says.
  /// Errors  DataError with the nearest name and all others.
  std::size_t find(const std::string& name) const;
  /// A list of columns, in its order.
  std::vector<std::size_t> find_all(const std::string& list) const;
};

/// Splits a text into a table. What `options` leave open is found out: the separator (comma,
/// semicolon, tab, bar, blanks) is the one that gives the most lines of one width, then the most
/// numbers; the decimal comma is what most numbers have; the first line is a header if it has words
/// over numbers, or words none of which stands in its column again, or if it names the label.
///
/// Passed over are `sep=;`, lines of # and lines of title in front, in any order, a separator at
/// the end of every line. A first line of counts (150,4,setosa,versicolor,virginica) is known, and
/// so is a header that lacks the name of the column of row names.
///
/// The cells point into `text` and into `owners`, which is filled here.
/// Errors  DataError "PLACE: line N: ...": no rows, one column only, a row of another length.
CsvTable read_table(std::string_view text, const CsvOptions& options, const std::string& place,
                    std::deque<CsvRecords>& owners);

/// How a message names the separator: "commas".
std::string_view separator_name(char separator);

/// "1 row", "2 rows".
std::string counted(std::size_t count, std::string_view what);

/// A cell or name as a message can show it: quoted, on one line and not too long.
std::string shown(std::string_view cell);

}  // namespace plumb
