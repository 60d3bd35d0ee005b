// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace plumb::cli {

/// The text of --help with its long lines wrapped to `width`. What stands behind column `column` of
/// an option's line goes on there; other lines go on at their own indentation. Example commands (a
/// line that begins with "  plumb " or "  source ") stay whole, to be copied.
std::string wrap_help(std::string_view help, int width, int column);

}  // namespace plumb::cli
