// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace plumb {

/// Takes a CSV text apart, one record after another, as RFC 4180 says: fields between commas; a
/// field in double quotes may hold commas, line ends and doubled quotes. Lines end with LF or CRLF;
/// empty lines and a UTF-8 byte order mark are passed over.
///
/// Errors  DataError "PLACE: line N: ..." for a quote that is never closed, one inside a plain
///         field, or text after a closing one.
class CsvRecords {
 public:
  /// The text must outlive the reader.
  CsvRecords(std::string_view text, std::string place);

  /// Reads the next record into fields(); false at the end.
  bool next();
  const std::vector<std::string>& fields() const { return fields_; }
  /// Number of the line where the record begins, from 1.
  std::size_t line() const { return line_; }
  const std::string& place() const { return place_; }

 private:
  bool at_line_end() const;
  void skip_line_end();
  std::string read_field();
  std::string read_quoted();

  std::string_view text_;
  std::string place_;
  std::size_t position_ = 0;
  std::size_t current_line_ = 1;
  std::size_t line_ = 1;
  std::vector<std::string> fields_;
};

}  // namespace plumb
