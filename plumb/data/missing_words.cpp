// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/missing_words.h"

#include <algorithm>
#include <array>

namespace plumb {

namespace {
constexpr std::array<std::string_view, 14> kAlways{"",     "NA",   "N/A",  "n/a", "#N/A",
                                                   "#NA",  "NaN",  "nan",  "NAN", "null",
                                                   "NULL", "<NA>", "-NaN", "-nan"};
constexpr std::array<std::string_view, 15> kAmongNumbers{
    "na", "None", "none",    "Null",    "nil",   "?",     "-",     "--",
    ".",  "..",   "#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "#NAME?"};

/// As most cells do, and no word below does.
bool begins_like_a_number(std::string_view cell) {
  const std::size_t first = cell.starts_with('-') ? 1 : 0;
  return cell.size() > first && cell[first] >= '0' && cell[first] <= '9';
}

}  // namespace

bool is_missing_word(std::string_view cell) {
  if (begins_like_a_number(cell)) return false;
  return std::ranges::find(kAlways, cell) != kAlways.end();
}

bool is_missing(std::string_view cell) {
  if (begins_like_a_number(cell)) return false;
  return is_missing_word(cell) || std::ranges::find(kAmongNumbers, cell) != kAmongNumbers.end();
}

}  // namespace plumb
