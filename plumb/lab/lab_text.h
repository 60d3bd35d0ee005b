// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/lab/experiment.h"
#include "plumb/report/terminal.h"

namespace plumb::lab {

/// An experiment for the terminal: what is claimed and what is true, the story with its tables and
/// plots, every check with the number measured, the verdict. Of the options it uses width (80 at
/// most for text), colour and unicode.
std::string render_terminal(const Experiment& experiment, const Settings& settings,
                            const Result& result, const TerminalOptions& options);

/// One line for each experiment: name, claims, title.
std::string render_list(const TerminalOptions& options);

/// "3 of 21 checks fail: ..." or "all 21 checks hold".
std::string verdict_line(const Result& result);

/// A check's number and what it is held against: "3.04e-13", "= 3.04e-13 +- 3e-22".
std::string measured_text(const Check& check);
std::string expected_text(const Check& check);

}  // namespace plumb::lab
