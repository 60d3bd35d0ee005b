// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "plumb/store/database.h"

/// Reading lists out of tables. Private to store/.
namespace plumb::store {

/// The enumerator of the name in the column: parse(text) is an optional.
template <class Parse>
auto enumerator(const Statement& row, int column, const Parse& parse) {
  const std::string text = row.text(column);
  const auto value = parse(std::string_view(text));
  if (!value) row.damaged("unknown name \"" + text + "\"");
  return *value;
}

/// The order that rows of a group, or of a whole table, must come in: a damaged index can show a
/// row twice, even for ever.
class Order {
 public:
  bool accepts(std::int64_t group, std::int64_t position) {
    if (group < group_) return false;
    if (group > group_) next_ = 0;
    group_ = group;
    return position == next_++;
  }

 private:
  std::int64_t group_ = std::numeric_limits<std::int64_t>::min();
  std::int64_t next_ = 0;
};

/// Reads rows (idx, ...) with idx 0, 1, 2 ...
template <class Read>
void read_list(const Database& database, const char* sql, const Read& read) {
  Statement row(database, sql);
  Order order;
  while (row.next()) {
    if (!order.accepts(0, row.integer(0))) row.damaged("rows are out of order");
    read(row);
  }
}

/// Reads rows (owner, idx, ...) of the parts of `owners`.
template <class Owners, class Read>
void read_parts(const Database& database, const char* sql, Owners& owners, const Read& read) {
  Statement row(database, sql);
  Order order;
  while (row.next()) {
    const std::uint64_t number = row.count(0);
    if (number >= owners.size() || !order.accepts(row.integer(0), row.integer(1))) {
      row.damaged("rows are out of order");
    }
    read(row, owners[number]);
  }
}

}  // namespace plumb::store
