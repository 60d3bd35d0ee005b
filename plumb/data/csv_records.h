// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace plumb {

/// Takes a CSV text apart, one record after another, as RFC 4180 says: fields between separators; a
/// field in double quotes may hold separators, line ends and doubled quotes. Lines end with LF or
/// CRLF; empty lines are passed over. Beyond the RFC: blanks around a quoted field are passed over,
/// a quote in the middle of a plain field is a character (5" pipe), and with the separator ' ' any
/// run of blanks and tabs separates.
///
/// Errors  DataError "PLACE: line N: ..." for a quote that is never closed, or text after a closing
///         one.
class CsvRecords {
 public:
  /// The text must outlive the reader.
  CsvRecords(std::string_view text, std::string place, char separator = ',');

  /// Reads the next record into fields(); false at the end.
  bool next();
  /// The fields stay valid as long as the reader and its text.
  const std::vector<std::string_view>& fields() const { return fields_; }
  /// Number of the line where the record begins, from 1.
  std::size_t line() const { return line_; }
  const std::string& place() const { return place_; }

 private:
  bool at_line_end() const;
  bool at_field_end() const;
  void skip_line_end();
  void skip_blanks();
  std::string_view read_field();
  std::string_view read_quoted();

  std::string_view text_;
  std::string place_;
  char separator_;
  std::size_t position_ = 0;
  std::size_t current_line_ = 1;
  std::size_t line_ = 1;
  std::vector<std::string_view> fields_;
  std::deque<std::string> unquoted_;  ///< fields that had doubled quotes
};

}  // namespace plumb
