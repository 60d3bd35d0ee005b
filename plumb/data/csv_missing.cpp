// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/csv_missing.h"

#include <algorithm>

#include "plumb/data/missing_words.h"
#include "plumb/data/number_text.h"

namespace plumb {

MissingOption::MissingOption(const std::string& text) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string word(trim_blanks(std::string_view(text).substr(begin, end - begin)));
    begin = end + 1;
    if (word == "mean") {
      numbers = MissingNumbers::mean;
    } else if (word == "zero") {
      numbers = MissingNumbers::zero;
    } else if (word == "drop") {
      numbers = MissingNumbers::drop;
    } else {
      words.push_back(word);
    }
  }
}

bool MissingOption::among_numbers(std::string_view cell) const {
  return is_missing(cell) || std::ranges::find(words, cell) != words.end();
}

bool MissingOption::among_words(std::string_view cell) const {
  return is_missing_word(cell) || std::ranges::find(words, cell) != words.end();
}

}  // namespace plumb
