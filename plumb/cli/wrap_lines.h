// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace plumb::cli {

/// A text of lines, as that of --help, with its long ones wrapped to `width`. What stands behind
/// column `column` of an option's or a table's line goes on there; other lines go on at their own
/// indentation. Example commands, which begin with two blanks and plumb or source, stay whole, to
/// be copied. Of several empty lines one is left.
std::string wrap_lines(std::string_view lines, int width, int column);

/// Lines that follow one another without indentation become one: a paragraph, which wrap_lines can
/// break where it likes.
std::string join_paragraphs(std::string_view lines);

}  // namespace plumb::cli
