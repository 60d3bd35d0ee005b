// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/unquoted.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>

#include "plumb/nn/graph/layer_table.h"
#include "plumb/nn/spec/join_names.h"
#include "plumb/nn/spec/presets.h"

namespace plumb::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::time_t kJustNow_s = 3;

/// An empty regular file that is seconds old.
bool is_new_and_empty(const struct stat& status) {
  return S_ISREG(status.st_mode) && status.st_size == 0 &&
         std::time(nullptr) - status.st_mtime <= kJustNow_s &&
         std::time(nullptr) - status.st_ctime <= kJustNow_s;
}

}  // namespace

bool is_network_word(std::string_view word) {
  while (!word.empty() && (word.front() == '[' || word.front() == ']')) word.remove_prefix(1);
  while (!word.empty() && (word.back() == '[' || word.back() == ']')) word.remove_suffix(1);
  if (word.empty()) return false;
  const bool is_number = word.find_first_not_of("0123456789x") == word.npos;
  if (is_number || is_join_name(word)) return true;
  const auto is_alias = [&](std::string_view list) {
    return (" " + std::string(list) + " ").find(" " + std::string(word) + " ") != std::string::npos;
  };
  return std::ranges::any_of(layer_table(),
                             [&](const LayerEntry& entry) {
                               return entry.name == word || is_alias(entry.alias);
                             }) ||
         std::ranges::count(preset_table(), word, &PresetEntry::name) > 0;
}

std::optional<std::string> unquoted_network(const std::vector<std::string>& arguments) {
  constexpr std::array<std::string_view, 5> kCommands{"train", "probe", "layers", "lr-find",
                                                      "cure"};
  if (arguments.size() < 2 || std::ranges::count(kCommands, arguments[0]) == 0 ||
      !is_network_word(arguments[1])) {
    return std::nullopt;
  }
  struct stat status {};
  if (::fstat(STDOUT_FILENO, &status) != 0 || !is_new_and_empty(status)) return std::nullopt;
  std::error_code error;
  const fs::path output = fs::read_symlink("/proc/self/fd/1", error);
  if (error || !is_network_word(output.filename().string())) return std::nullopt;

  // All files of a chain are made, and the last of them is the output.
  std::vector<fs::path> made{output};
  for (const fs::directory_entry& entry : fs::directory_iterator(output.parent_path(), error)) {
    const fs::path& path = entry.path();
    if (path == output || !is_network_word(path.filename().string())) continue;
    struct stat other {};
    if (::lstat(path.c_str(), &other) == 0 && is_new_and_empty(other)) made.push_back(path);
  }
  std::string names;
  for (const fs::path& path : made) {
    ::unlink(path.c_str());
    names += (names.empty() ? "" : ", ") + path.filename().string();
  }
  return fmt::format(
      "the network needs quotes: the shell took each '>' for \"write to the file\" (removed again: "
      "{}), expected: plumb {} \"{} > ...\"",
      names, arguments[0], arguments[1]);
}

}  // namespace plumb::cli
