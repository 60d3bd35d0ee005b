// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "plumb/data/csv_missing.h"
#include "plumb/data/csv_table.h"

namespace plumb {

/// What a column of a table holds, by its cells that are not missing:
///   number       numbers; a few cells may be none (a tenth, or two words among as many numbers),
///                which is a fault of the file and no reason to take all for words
///   yes_no       true and false, yes and no, y and n, t and f
///   dates        dates, times or both, all of them: 2024-01-31 10:00, 31.1.2024, Jan 31 2024
///   row_numbers  n, n + 1, n + 2 ... from 0 or 1 in ten rows or more, or under a name like id
///   identifiers  integers, all different, under a name like id
///   words        anything else
///   nothing      no cell at all
enum class ColumnKind { number, yes_no, dates, row_numbers, identifiers, words, nothing };

ColumnKind column_kind(const CsvTable& table, std::size_t column, const MissingOption& missing);

/// 1 for yes, 0 for no, whatever the case; -1 for another word.
int yes_or_no(std::string_view cell);

}  // namespace plumb
