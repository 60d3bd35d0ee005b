// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/csv_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <span>

#include "plumb/core/error.h"
#include "plumb/data/csv_dialect.h"
#include "plumb/data/number_text.h"

namespace plumb {

namespace {

constexpr std::size_t kHeaderRecords = 1000;  // enough to know words from names

using Record = std::vector<std::string_view>;

std::string_view first_line(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

/// Reads one table; each step leaves less of the file to explain.
class TableReader {
 public:
  TableReader(std::string_view text, const CsvOptions& options, const std::string& place,
              std::deque<CsvRecords>& owners)
      : text_(text), options_(options), owners_(owners) {
    table_.place = place;
    table_.separator = options.separator;
  }

  CsvTable read() {
    pass_over_front();
    if (table_.separator == '\0') table_.separator = sniff_separator(text_);
    read_names_behind_hash();
    read_records();
    pass_over_titles();
    take_first_line();
    drop_empty_end();
    name_columns();
    fill_columns();
    table_.decimal = options_.decimal != '\0' ? options_.decimal
                                              : sniff_decimal(table_.columns, table_.separator);
    return std::move(table_);
  }

 private:
  template <class... Args>
  [[noreturn]] void fail(std::size_t line, fmt::format_string<Args...> format, Args&&... args) {
    throw DataError(fmt::format("{}: line {}: {}", table_.place, line,
                                fmt::format(format, std::forward<Args>(args)...)));
  }

  static std::string_view skip_line(std::string_view& text) {
    const std::string_view line = first_line(text);
    const std::size_t end = text.find('\n');
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    return line;
  }

  void pass_over_front() {
    for (std::int64_t i = 0; i < options_.skip && !text_.empty(); ++i, ++skipped_) {
      skip_line(text_);
    }
    while (pass_over_lines_in_front()) {
    }
  }

  /// Up to the last line of # or sep= that has nothing but such lines and titles before it.
  bool pass_over_lines_in_front() {
    constexpr std::size_t kMostLines = 50;
    std::vector<std::string_view> lines, rests;
    for (std::string_view rest = text_; !rest.empty() && lines.size() < kMostLines;) {
      lines.push_back(skip_line(rest));
      rests.push_back(rest);
    }
    for (std::size_t count = lines.size(); count > 0; --count) {
      const std::string_view last = lines[count - 1];
      if (!last.starts_with('#') && !sign_of(last)) continue;
      if (take_front(std::span(lines).first(count), rests[count - 1])) return true;
    }
    return false;
  }

  /// Excel's own first line, sep=;
  static std::optional<char> sign_of(std::string_view line) {
    if (line.size() == 7 && line.starts_with('"') && line.ends_with('"')) line = line.substr(1, 5);
    if (line.size() != 5 || !(line.starts_with("sep=") || line.starts_with("SEP="))) return {};
    return line[4];
  }

  bool take_front(std::span<const std::string_view> lines, std::string_view rest) {
    char separator = table_.separator;
    std::string_view hash_line;
    std::vector<std::string_view> titles;
    bool says_separator = false;
    for (const std::string_view line : lines) {
      if (const auto sign = sign_of(line)) {
        if (separator == '\0') separator = *sign;
        says_separator = true;
      } else if (line.starts_with('#')) {
        hash_line = line.substr(1);
      } else if (!trim_blanks(line).empty()) {
        titles.push_back(line);
      }
    }
    if (!titles.empty()) {
      const char cut = separator != '\0' ? separator : sniff_separator(rest);
      const auto is_cut = [&](std::string_view line) { return count_fields(line, cut) > 1; };
      if (std::ranges::any_of(titles, is_cut)) return false;
      // One field over two is the header of a table with row names.
      if (count_fields(rest, cut) < (says_separator ? 2U : 3U)) return false;
    }
    table_.separator = separator;
    if (!hash_line.empty()) hash_line_ = hash_line;
    titles_ += titles.size();
    skipped_ += lines.size();
    text_ = rest;
    return true;
  }

  std::size_t count_fields(std::string_view text, char separator) const {
    try {
      CsvRecords reader(text, table_.place, separator);
      return reader.next() ? reader.fields().size() : 0;
    } catch (const DataError&) {
      return 0;  // a quote that is not closed: its reader will say so
    }
  }

  /// numpy.savetxt writes the names behind a #: they are as many as the fields below.
  void read_names_behind_hash() {
    if (hash_line_.empty()) return;
    CsvRecords& names = owners_.emplace_back(hash_line_, table_.place, table_.separator);
    CsvRecords peek(text_, table_.place, table_.separator);
    if (!names.next() || !peek.next()) return;
    if (names.fields().size() != peek.fields().size() || peek.fields().size() < 2) return;
    records_.push_back(names.fields());
    table_.lines.push_back(skipped_);
    is_named_by_hash_ = true;
  }

  void read_records() {
    CsvRecords& reader = owners_.emplace_back(text_, table_.place, table_.separator);
    std::map<std::size_t, std::size_t> widths;
    while (reader.next()) {
      records_.push_back(reader.fields());
      table_.lines.push_back(skipped_ + reader.line());
      ++widths[records_.back().size()];
    }
    if (records_.empty()) throw DataError(table_.place + ": is empty, expected a table");
    for (Record& record : records_) {
      std::ranges::transform(record, record.begin(), trim_blanks);
    }
    width_ = records_[0].size();
    for (const auto& [width, count] : widths) {
      if (count > widths[width_]) width_ = width;
    }
    if (width_ < (options_.may_be_one_column ? 1U : 2U)) {
      fail(table_.lines[0],
           "one column in lines cut at {}, expected features and what is to be learned (sep= sets "
           "the separator, skip= passes over lines in front)",
           separator_name(table_.separator));
    }
  }

  /// Lines of one field in front of a wide table are its title. (One field over two is the header
  /// of a table with row names.)
  void pass_over_titles() {
    std::size_t titles = 0;
    while (titles + 2 < records_.size() && records_[titles].size() == 1) ++titles;
    if (width_ < 3 || titles == 0 || records_[titles].size() != width_) return;
    const auto count = static_cast<std::ptrdiff_t>(titles);
    records_.erase(records_.begin(), records_.begin() + count);
    table_.lines.erase(table_.lines.begin(), table_.lines.begin() + count);
    titles_ += titles;
  }

  bool names_what_is_learned() const {
    const std::string& wanted = options_.label.empty() ? options_.target : options_.label;
    // A number says where a column stands.
    return wanted.find_first_not_of("0123456789-") != wanted.npos &&
           std::ranges::find(first_, wanted) != first_.end();
  }

  bool is_header() const {
    if (options_.header) return *options_.header;
    if (is_named_by_hash_ || first_.size() != width_ || names_what_is_learned()) return true;
    std::vector<Record> head;
    for (const Record& record : records_) {
      if (record.size() == width_ && head.size() < kHeaderRecords) head.push_back(record);
    }
    return sniff_header(head);
  }

  void take_first_line() {
    first_ = records_[0];
    if (!options_.header && is_line_of_counts(first_, records_.size() - 1, width_)) {
      table_.header = "no header but a first line of counts";
      table_.class_names.assign(first_.begin() + 2, first_.end());
    } else {
      has_header_ = is_header();
      table_.header = has_header_ ? "header" : "no header";
      if (titles_ > 0) {
        table_.header += fmt::format(" (after {} of title)", counted(titles_, "line"));
      }
      if (!has_header_) return;
    }
    records_.erase(records_.begin());
    table_.lines.erase(table_.lines.begin());
    if (records_.empty()) {
      throw DataError(table_.place + ": has no line after the header, expected samples");
    }
  }

  /// A separator at the end of every line makes a column of nothing.
  void drop_empty_end() {
    const bool header_ends = !has_header_ || first_.size() < width_ || first_.back().empty();
    const auto ends_empty = [&](const Record& record) {
      return record.size() == width_ && record.back().empty();
    };
    if (!header_ends || !std::ranges::all_of(records_, ends_empty)) return;
    --width_;
    for (Record& record : records_) record.pop_back();
    if (has_header_ && first_.size() > width_) first_.pop_back();
  }

  void name_columns() {
    for (std::size_t column = 0; column < width_; ++column) {
      table_.names.push_back(std::to_string(column));
    }
    if (!has_header_) return;
    // R leaves out the name of the row names.
    const std::size_t shift = first_.size() + 1 == width_ ? 1 : 0;
    if (first_.size() + shift != width_) {
      fail(table_.lines[0], "{}, expected {} as in the header",
           counted(records_[0].size(), "field"), first_.size());
    }
    if (shift > 0) table_.names[0].clear();
    for (std::size_t i = 0; i < first_.size(); ++i) {
      std::string_view name = first_[i];
      // Some programs quote names like 'this'.
      if (name.size() > 2 && name.starts_with('\'') && name.ends_with('\'')) {
        name = name.substr(1, name.size() - 2);
      }
      table_.names[i + shift] = std::string(name);
    }
  }

  void fill_columns() {
    table_.columns.assign(width_, std::vector<std::string_view>(records_.size()));
    for (std::size_t row = 0; row < records_.size(); ++row) {
      if (records_[row].size() != width_) {
        fail(table_.lines[row], "{}, expected {} as in {}", counted(records_[row].size(), "field"),
             width_, has_header_ ? "the header" : "most lines");
      }
      for (std::size_t column = 0; column < width_; ++column) {
        table_.columns[column][row] = records_[row][column];
      }
    }
  }

  std::string_view text_;
  const CsvOptions& options_;
  std::deque<CsvRecords>& owners_;
  CsvTable table_{};
  std::size_t skipped_ = 0;
  std::string_view hash_line_;
  bool is_named_by_hash_ = false;
  std::vector<Record> records_;
  std::size_t width_ = 0;
  std::size_t titles_ = 0;
  Record first_;
  bool has_header_ = false;
};

}  // namespace

CsvTable read_table(std::string_view text, const CsvOptions& options, const std::string& place,
                    std::deque<CsvRecords>& owners) {
  return TableReader(text, options, place, owners).read();
}

std::string_view separator_name(char separator) {
  switch (separator) {
    case ',': return "commas";
    case ';': return "semicolons";
    case '\t': return "tabs";
    case '|': return "bars";
    case ' ': return "blanks";
    default: return "the separator given";
  }
}

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string shown(std::string_view cell) {
  constexpr std::size_t kMaxShown = 40;
  std::string text(cell.substr(0, kMaxShown));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c >= 0 && c < ' '; }, '?');
  return fmt::format("'{}'{}", text, cell.size() > kMaxShown ? "..." : "");
}

}  // namespace plumb
