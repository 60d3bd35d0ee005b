// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/report/terminal.h"

namespace plumb::cli {

/// Whether standard output / error is a terminal.
bool stdout_is_terminal();
bool stderr_is_terminal();
/// Whether a line of standard error can be drawn over again: not in a pipe, nor where TERM is dumb.
bool stderr_can_redraw();

/// How to draw on standard output: the width of COLUMNS or of the window (80 in a pipe); colour on
/// a terminal unless NO_COLOR is set or TERM is dumb; block characters where the locale is UTF-8.
TerminalOptions terminal_options();
/// Columns of standard error, for the progress line.
int progress_width();
bool locale_is_utf8();

}  // namespace plumb::cli
