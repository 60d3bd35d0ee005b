// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "plumb/core/error.h"
#include "plumb/data/class_labels.h"
#include "plumb/data/csv_records.h"
#include "plumb/data/file_bytes.h"

namespace plumb {

namespace {

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// A cell as a message can show it: on one line and not too long.
std::string shown(std::string_view cell) {
  constexpr std::size_t kMaxShown = 40;
  std::string text(cell.substr(0, kMaxShown));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c >= 0 && c < ' '; }, '?');
  return fmt::format("'{}'{}", text, cell.size() > kMaxShown ? "..." : "");
}

/// Reads the whole text as a number: invalid_argument if it is none, result_out_of_range if Number
/// cannot hold it. from_chars knows no locale, and no plus sign either.
template <class Number>
std::errc parse_number(std::string_view text, Number& value) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return end == text.data() + text.size() ? error : std::errc::invalid_argument;
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  return parse_number(text, value) == std::errc{} ? std::optional(value) : std::nullopt;
}

std::size_t find_column(const std::vector<std::string>& header, const std::string& column,
                        const std::string& place) {
  const auto count = std::count(header.begin(), header.end(), column);
  if (count == 1) {
    return static_cast<std::size_t>(std::find(header.begin(), header.end(), column) -
                                    header.begin());
  }
  if (count > 1) {
    throw DataError(fmt::format("{}: line 1: {} columns are called {}, expected one", place, count,
                                shown(column)));
  }
  const auto number = parse_number<std::uint32_t>(column);
  if (!number || *number >= header.size()) {
    throw DataError(
        fmt::format("{}: line 1: has no column {}, expected one of its {} names or 0 to {}", place,
                    shown(column), header.size(), header.size() - 1));
  }
  return *number;
}

/// Where a cell stands, for messages.
struct Cell {
  const CsvRecords& records;
  const std::string& column;

  [[noreturn]] void fail(std::string_view given, std::string_view expected) const {
    throw DataError(fmt::format("{}: line {}, column {}: {}, expected {}", records.place(),
                                records.line(), shown(column), given, expected));
  }
};

float parse_finite(std::string_view text, const Cell& cell) {
  text = trim(text);
  if (text.empty()) cell.fail("empty", "a number");
  double value = 0;
  const auto error = parse_number(text, value);
  if (error == std::errc::invalid_argument) cell.fail(shown(text), "a number");
  const auto narrowed = static_cast<float>(value);
  if (error != std::errc{} || !std::isfinite(narrowed)) {
    cell.fail(shown(text), "a finite number of the range of float");
  }
  return narrowed;
}

/// Gathers the label column and turns it into class numbers at the end.
class Labels {
 public:
  void add(std::string_view text, const Cell& cell) {
    text = trim(text);
    if (text.empty()) cell.fail("empty", "a class");
    const auto integer = parse_number<std::int64_t>(text);
    if (!integer && parse_number<double>(text)) {
      cell.fail(shown(text), "an integer or a word as label (target= is for numbers)");
    }
    if (integer && *integer >= kMaxClasses) {
      cell.fail(shown(text), fmt::format("a class below {}", kMaxClasses));
    }
    all_integers_ = all_integers_ && integer;
    if (integer) smallest_ = std::min(smallest_, *integer);
    const auto [entry, is_new] =
        numbers_.try_emplace(Key{integer.value_or(kWord), std::string(text)}, 0);
    if (is_new && numbers_.size() > kMaxClasses) {
      cell.fail("more different labels", fmt::format("at most {}", kMaxClasses));
    }
    samples_.push_back(&*entry);
  }

  void finish(Dataset& data) {
    std::int32_t next = 0;
    const bool as_they_are = all_integers_ && smallest_ >= 0;
    const Key* previous = nullptr;
    for (auto& [key, number] : numbers_) {
      // 1 and 01 are the same integer.
      const bool repeated = all_integers_ && previous && previous->first == key.first;
      if (!repeated) ++next;
      number = as_they_are ? static_cast<std::int32_t>(key.first) : next - 1;
      data.classes = number + 1;
      previous = &key;
    }
    for (const auto* entry : samples_) data.labels.push_back(entry->second);
  }

 private:
  using Key = std::pair<std::int64_t, std::string>;
  static constexpr std::int64_t kWord = kMaxClasses;  // words come after all integers

  std::map<Key, std::int32_t> numbers_;
  std::vector<const std::pair<const Key, std::int32_t>*> samples_;
  bool all_integers_ = true;
  std::int64_t smallest_ = 0;
};

Tensor to_tensor(const std::vector<float>& values, std::size_t rows) {
  Tensor tensor({static_cast<std::int64_t>(rows), static_cast<std::int64_t>(values.size() / rows)},
                DType::f32);
  std::copy(values.begin(), values.end(), tensor.as<float>().begin());
  return tensor;
}

}  // namespace

Dataset parse_csv(std::string_view text, const CsvTarget& target, const std::string& place) {
  CsvRecords records(text, place);
  if (!records.next()) throw DataError(place + ": is empty, expected a header line");
  std::vector<std::string> header = records.fields();
  for (std::string& name : header) name = std::string(trim(name));
  if (header.size() < 2) {
    throw DataError(place + ": line 1: one column, expected features and what is to be learned");
  }
  const std::size_t target_column = find_column(header, target.column, place);
  std::vector<float> x, y;
  Labels labels;
  std::size_t rows = 0;
  for (; records.next(); ++rows) {
    const auto& fields = records.fields();
    if (fields.size() != header.size()) {
      throw DataError(fmt::format("{}: line {}: {} fields, expected {} as in the header", place,
                                  records.line(), fields.size(), header.size()));
    }
    for (std::size_t column = 0; column < fields.size(); ++column) {
      const Cell cell{records, header[column]};
      if (column != target_column) {
        x.push_back(parse_finite(fields[column], cell));
      } else if (target.is_classification) {
        labels.add(fields[column], cell);
      } else {
        y.push_back(parse_finite(fields[column], cell));
      }
    }
  }
  if (rows == 0) throw DataError(place + ": has no line after the header, expected samples");
  Dataset data;
  data.x = to_tensor(x, rows);
  if (target.is_classification) {
    labels.finish(data);
  } else {
    data.y = to_tensor(y, rows);
  }
  return data;
}

Dataset read_csv(const std::string& path, const CsvTarget& target) {
  const auto bytes = read_file(path);
  return parse_csv({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, target, path);
}

}  // namespace plumb
