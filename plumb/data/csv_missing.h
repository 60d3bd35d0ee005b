// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plumb {

/// What to do with a row whose number is missing: fill in the mean of the column or 0, or drop it.
enum class MissingNumbers { mean, zero, drop };

/// The option na= of a table: MissingNumbers and further words, "zero,-999,unknown".
struct MissingOption {
  explicit MissingOption(const std::string& text);

  bool among_numbers(std::string_view cell) const;
  bool among_words(std::string_view cell) const;

  MissingNumbers numbers = MissingNumbers::mean;
  std::vector<std::string> words;
};

}  // namespace plumb
