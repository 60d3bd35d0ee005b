// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plumb::cli {

/// Whether a word of the command line or the name of a file may be a part of a network string:
/// "dense", "relu]", "[conv", "30", "x".
bool is_network_word(std::string_view word);

/// What a network without quotes becomes: for the shell, `plumb train flatten > dense 10` is "write
/// the output of plumb train flatten 10 to the file dense". Where this has happened, the files that
/// the shell has just made for it (empty, named as network words, in this folder) are removed and
/// the message says what to write; nothing otherwise.
std::optional<std::string> unquoted_network(const std::vector<std::string>& arguments);

}  // namespace plumb::cli
