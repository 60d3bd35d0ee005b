// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

namespace plumb {

/// The separator among , ; tab | and blanks that makes the best table of the first lines.
char sniff_separator(std::string_view text);

/// '.' or ',': what most numbers among the cells of the columns have as decimal sign. Where all are
/// like 1,234 it is a comma in a table of semicolons, else a group.
char sniff_decimal(const std::vector<std::vector<std::string_view>>& columns, char separator);

/// Whether the first record names the columns; [record][column], of one width.
bool sniff_header(const std::vector<std::vector<std::string_view>>& records);

/// Whether the first record says how many rows and features follow, as scikit-learn's files do:
/// 150,4,setosa,versicolor,virginica. `rows` are the others, `width` is theirs.
bool is_line_of_counts(const std::vector<std::string_view>& first, std::size_t rows,
                       std::size_t width);

}  // namespace plumb
