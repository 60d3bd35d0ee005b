// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/csv_records.h"

#include <fmt/format.h>

#include "plumb/core/error.h"

namespace plumb {

namespace {
bool is_blank(char c) { return c == ' ' || c == '\t'; }
}  // namespace

CsvRecords::CsvRecords(std::string_view text, std::string place, char separator)
    : text_(text), place_(std::move(place)), separator_(separator) {}

bool CsvRecords::at_line_end() const {
  if (position_ == text_.size() || text_[position_] == '\n') return true;
  return text_[position_] == '\r' && position_ + 1 < text_.size() && text_[position_ + 1] == '\n';
}

bool CsvRecords::at_field_end() const {
  if (at_line_end()) return true;
  return separator_ == ' ' ? is_blank(text_[position_]) : text_[position_] == separator_;
}

void CsvRecords::skip_line_end() {
  if (position_ == text_.size()) return;
  position_ += text_[position_] == '\r' ? 2 : 1;
  ++current_line_;
}

void CsvRecords::skip_blanks() {
  while (position_ < text_.size() && is_blank(text_[position_]) && text_[position_] != separator_) {
    ++position_;
  }
  if (separator_ != ' ') return;
  while (position_ < text_.size() && is_blank(text_[position_])) ++position_;
}

bool CsvRecords::next() {
  while (true) {
    if (separator_ == ' ') skip_blanks();
    if (position_ == text_.size()) return false;
    if (!at_line_end()) break;
    skip_line_end();
  }
  fields_.clear();
  line_ = current_line_;
  while (true) {
    fields_.push_back(read_field());
    if (separator_ == ' ') skip_blanks();
    if (at_line_end()) break;
    if (separator_ != ' ') ++position_;
  }
  skip_line_end();
  return true;
}

std::string_view CsvRecords::read_field() {
  const std::size_t begin = position_;
  skip_blanks();
  if (position_ < text_.size() && text_[position_] == '"') return read_quoted();
  position_ = begin;
  while (!at_field_end()) ++position_;
  return text_.substr(begin, position_ - begin);
}

std::string_view CsvRecords::read_quoted() {
  const std::size_t first_line = current_line_;
  std::size_t begin = ++position_;
  std::string* copy = nullptr;
  while (position_ < text_.size()) {
    const char c = text_[position_];
    if (c == '\n') ++current_line_;
    if (c != '"') {
      ++position_;
      continue;
    }
    const std::string_view piece = text_.substr(begin, position_ - begin);
    ++position_;
    if (position_ < text_.size() && text_[position_] == '"') {
      if (copy == nullptr) copy = &unquoted_.emplace_back();
      copy->append(piece).push_back('"');
      begin = ++position_;
      continue;
    }
    skip_blanks();
    // With blanks as separators skip_blanks() has gone to the next field.
    if (separator_ != ' ' && !at_field_end()) {
      throw DataError(fmt::format("{}: line {}: text after a closing quote, expected a separator",
                                  place_, current_line_));
    }
    return copy == nullptr ? piece : std::string_view(copy->append(piece));
  }
  throw DataError(fmt::format("{}: line {}: a quote that is never closed", place_, first_line));
}

}  // namespace plumb
