// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "plumb/data/dataset.h"

namespace plumb {

/// The column of a CSV file that is to be learned; all others are features.
struct CsvTarget {
  std::string column;  ///< the name in the header line, or if none has it a number from 0
  bool is_classification = true;  ///< `label=`: classes; `target=`: one number a sample
};

/// Reads a CSV file (see csv_records.h) with a header line: x [samples, columns - 1], and labels or
/// y [samples, 1]. Numbers are read as C does, whatever the locale: 3, -2.5, 1e-3.
///
/// Labels that are all integers from 0 on are the classes themselves, classes = largest + 1. Other
/// integers
/// (-1 and 1), and words, are numbered by their order: integers by value, words by bytes.
///
/// Errors  DataError naming file, line and column: no header or no rows, no such column or two of
///         that name, rows of another length, what is no number, NaN, Inf or beyond float, an empty
///         label, fractions as labels, more than 2^20 classes.
Dataset read_csv(const std::string& path, const CsvTarget& target);

/// The same, of a text; `place` begins the message of every error.
Dataset parse_csv(std::string_view text, const CsvTarget& target, const std::string& place);

}  // namespace plumb
