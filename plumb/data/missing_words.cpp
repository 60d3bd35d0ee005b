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
}  // namespace

bool is_missing_word(std::string_view cell) {
  return std::ranges::find(kAlways, cell) != kAlways.end();
}

bool is_missing(std::string_view cell) {
  return is_missing_word(cell) || std::ranges::find(kAmongNumbers, cell) != kAmongNumbers.end();
}

}  // namespace plumb
