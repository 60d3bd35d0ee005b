// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace plumb {

/// What to make of a table. Lists of columns are names or numbers between commas (a name may itself
/// hold commas); a number counts from 0, or with a minus from the end (-1 is the last), and a
/// column of that name goes before it. Empty members are found out from the file.
struct CsvOptions {
  std::string label = {};   ///< the column of classes; this or `target`
  std::string target = {};  ///< one or more columns of numbers
  std::string drop = {};    ///< columns to leave out
  std::string only = {};  ///< the features: no others, and these even if they look like row numbers
  std::string encode = {};  ///< columns to one-hot encode, whatever they hold; "none" for no column
  std::string na = {};    ///< drop, mean or zero, and further words for a missing cell: "zero,-999"
  char separator = '\0';  ///< ' ' is any run of blanks and tabs
  char decimal = '\0';    ///< '.' or ','
  std::optional<bool> header = {};  ///< whether the first line names the columns
  std::int64_t skip = 0;            ///< lines in front of the table
  /// A single column is a table: there may be nothing to learn.
  bool may_be_one_column = false;
};

}  // namespace plumb
