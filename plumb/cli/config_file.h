// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace plumb::cli {

/// One key of a TOML file with its value as text.
struct FileSetting {
  std::string key;  ///< underscores become dashes: clip_norm and clip-norm are one key
  std::string value;
  long line = 0;
};

/// Reads a flat TOML file of strings, numbers and booleans, of at most 1 MiB.
/// Errors  DataError for a missing file, a longer one or one that is no text; SpecError naming file and line for a syntax error, a table or an
///         array.
std::vector<FileSetting> read_config_file(const std::string& path);
/// The same of a text that is in memory; `path` is what errors call it.
std::vector<FileSetting> parse_config(const std::string& text, const std::string& path);

}  // namespace plumb::cli
