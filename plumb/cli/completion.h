// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/cli/command_table.h"

namespace plumb::cli {

/// The completion script of one shell: commands, their options, and the values that are known by
/// name; files everywhere else. Zsh and fish show the help of each beside it.
std::string bash_completion(const CommandInfo& program);
std::string zsh_completion(const CommandInfo& program);
std::string fish_completion(const CommandInfo& program);

}  // namespace plumb::cli
