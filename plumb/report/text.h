// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plumb {

/// Text for a terminal: UTF-8 in, counted in columns, safe to print.

/// Columns that a terminal gives the text: 0 for combining marks, 2 for East Asian wide characters,
/// else 1.
int display_width(std::string_view utf8);

/// The text with everything a terminal would obey instead of print (control characters, escape
/// codes) turned into spaces, and malformed UTF-8 into '?'. With `ascii` every other character
/// beyond ASCII becomes '?' too.
std::string printable(std::string_view utf8, bool ascii = false);

/// The text cut to `width` columns; a cut one ends in ".." .
std::string shorten(std::string_view utf8, int width);

/// The text followed (or, to the right, preceded) by spaces up to `width` columns. Longer text is
/// unchanged.
std::string pad_right(std::string_view utf8, int width);
std::string pad_left(std::string_view utf8, int width);

/// Words laid into lines of at most `width` columns; a word longer than a line is broken. Line
/// breaks of the text are kept. At least one line comes back.
std::vector<std::string> wrap(std::string_view utf8, int width);

}  // namespace plumb
