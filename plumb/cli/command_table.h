// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace plumb::cli {

/// One option, or one argument by position, of a command.
struct OptionInfo {
  std::vector<std::string> spellings;  ///< "--output", "-o": long ones first; of an argument none
  std::string name;                    ///< of an argument: "NETWORK"
  std::string value;     ///< what it takes, as --help names it: "FILE"; empty for a switch
  std::string standard;  ///< what it is where it is not given; empty where nothing
  std::vector<std::string> words;  ///< the values known; one that ends in ':' or '=' wants more
  std::string help;
  std::string group;  ///< the heading it stands under in --help
  bool required = false;
  bool repeats = false;
};

/// One command: what --help, the completion scripts and the manual pages say of it.
struct CommandInfo {
  std::string name;
  std::string help;
  std::string footer;
  std::vector<OptionInfo> options;
  std::vector<OptionInfo> arguments;
  std::vector<CommandInfo> commands;        ///< below it: "run" of "zoo"
  std::vector<std::string> argument_words;  ///< what an argument may be, where it is no file
};

/// The command line as data, read from the parser itself and from the tables behind its options
/// (initialisers, losses, experiments ...), so that what is made of it cannot fall behind.
/// Commands that --help does not list are left out.
CommandInfo command_table(const CLI::App& app);

/// The options of a command and of those below it, each spelling once.
std::vector<OptionInfo> options_with_those_below(const CommandInfo& command);

}  // namespace plumb::cli
