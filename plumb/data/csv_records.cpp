// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/csv_records.h"

#include <fmt/format.h>

#include "plumb/core/error.h"

namespace plumb {

CsvRecords::CsvRecords(std::string_view text, std::string place)
    : text_(text), place_(std::move(place)) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
}

bool CsvRecords::at_line_end() const {
  if (position_ == text_.size() || text_[position_] == '\n') return true;
  return text_[position_] == '\r' && position_ + 1 < text_.size() && text_[position_ + 1] == '\n';
}

void CsvRecords::skip_line_end() {
  if (position_ == text_.size()) return;
  position_ += text_[position_] == '\r' ? 2 : 1;
  ++current_line_;
}

bool CsvRecords::next() {
  while (position_ < text_.size() && at_line_end()) skip_line_end();
  if (position_ == text_.size()) return false;
  fields_.clear();
  line_ = current_line_;
  while (true) {
    fields_.push_back(read_field());
    if (at_line_end()) break;
    ++position_;  // the comma
  }
  skip_line_end();
  return true;
}

std::string CsvRecords::read_field() {
  if (text_.substr(position_).starts_with('"')) return read_quoted();
  const std::size_t begin = position_;
  while (!at_line_end() && text_[position_] != ',') {
    if (text_[position_] == '"') {
      throw DataError(fmt::format(
          "{}: line {}: a quote inside a plain field, expected the whole field in quotes", place_,
          current_line_));
    }
    ++position_;
  }
  return std::string(text_.substr(begin, position_ - begin));
}

std::string CsvRecords::read_quoted() {
  const std::size_t first_line = current_line_;
  std::string field;
  for (++position_; position_ < text_.size(); ++position_) {
    const char c = text_[position_];
    if (c == '\n') ++current_line_;
    if (c == '"') {
      ++position_;
      if (at_line_end() || text_[position_] == ',') return field;
      if (text_[position_] != '"') {
        throw DataError(fmt::format("{}: line {}: text after a closing quote, expected a comma",
                                    place_, current_line_));
      }
    }
    field += c;
  }
  throw DataError(fmt::format("{}: line {}: a quote that is never closed", place_, first_line));
}

}  // namespace plumb
