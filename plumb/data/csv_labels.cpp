// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/csv_labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "plumb/core/error.h"
#include "plumb/data/class_labels.h"
#include "plumb/data/number_text.h"

namespace plumb {

namespace {

constexpr double kExactInteger = 9007199254740992.0;  // 2^53

class Labels {
 public:
  Labels(const CsvTable& table, std::size_t column) : table_(table), column_(column) {}

  void add(std::size_t row) {
    const std::string_view text = table_.columns[column_][row];
    std::optional<double> number = parse_table_number(text, table_.decimal);
    // nan and inf are words, and so is what double does not hold exactly.
    if (number && !(std::abs(*number) < kExactInteger)) number.reset();
    if (number && *number != std::floor(*number)) {
      fail(row, shown(text), "an integer or a word as label (target= is for numbers)");
    }
    all_integers_ = all_integers_ && number;
    // 1, 01 and 1.0 are the same integer; words come after all integers.
    const Key key = number ? Key{*number, ""} : Key{kExactInteger, text};
    const auto [entry, is_new] = numbers_.try_emplace(key, Class{text});
    if (is_new && numbers_.size() > static_cast<std::size_t>(kMaxClasses)) {
      fail(row, "more different labels", fmt::format("at most {}", kMaxClasses));
    }
    samples_.push_back(&entry->second);
  }

  void finish(Dataset& data) {
    const bool as_they_are = are_the_classes();
    for (auto& [key, found] : numbers_) {
      found.number = static_cast<std::int32_t>(as_they_are ? static_cast<std::int64_t>(key.first)
                                                           : std::ssize(data.class_names));
      // Classes that do not occur are called by their number.
      while (std::ssize(data.class_names) < found.number) {
        data.class_names.push_back(std::to_string(data.class_names.size()));
      }
      data.class_names.emplace_back(found.text);
    }
    data.classes = std::ssize(data.class_names);
    if (as_they_are && table_.class_names.size() == data.class_names.size()) {
      data.class_names = table_.class_names;
    }
    for (const Class* found : samples_) data.labels.push_back(found->number);
  }

 private:
  using Key = std::pair<double, std::string_view>;
  struct Class {
    std::string_view text;
    std::int32_t number = 0;
  };

  bool are_the_classes() const {
    if (!all_integers_ || numbers_.empty() || numbers_.begin()->first.first != 0) return false;
    const double count = numbers_.rbegin()->first.first + 1;
    const auto occur = static_cast<double>(numbers_.size());
    return count <= std::max(2 * occur, occur + 10) && count <= static_cast<double>(kMaxClasses);
  }

  [[noreturn]] void fail(std::size_t row, std::string_view given, std::string_view expected) const {
    throw DataError(fmt::format("{}: line {}, column {}: {}, expected {}", table_.place,
                                table_.lines[row], shown(table_.names[column_]), given, expected));
  }

  const CsvTable& table_;
  std::size_t column_;
  std::map<Key, Class> numbers_;
  std::vector<const Class*> samples_;
  bool all_integers_ = true;
};

}  // namespace

void read_labels(const CsvTable& table, std::size_t column, const std::vector<std::size_t>& rows,
                 Dataset& data) {
  Labels labels(table, column);
  for (const std::size_t row : rows) labels.add(row);
  labels.finish(data);
}

}  // namespace plumb
