// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "plumb/cli/command_table.h"

namespace CLI {
class App;
}

namespace plumb::cli {

struct ManualPage {
  std::string file;  ///< "plumb-train.1"
  std::string text;  ///< in the macros of man(7)
};

/// One manual page for the program and one for each of its commands. They say what --help says, and
/// bear no date, so that the same program writes the same bytes.
std::vector<ManualPage> manual_pages(const CommandInfo& program);

/// Adds the command that writes them, which --help does not list: it is for those who package
/// plumb.
void add_manual(CLI::App& app, int& result);

}  // namespace plumb::cli
