// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/config_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "plumb/core/error.h"

namespace plumb::cli {

namespace {

/// An array of values is what the command line has between commas.
std::string to_text(const toml::node& node, const std::string& place) {
  if (const toml::array* const list = node.as_array(); list != nullptr && !list->empty()) {
    std::string text;
    for (const toml::node& item : *list) {
      if (item.is_array()) throw SpecError(place + "an array of arrays, expected one of values");
      text += (text.empty() ? "" : ",") + to_text(item, place);
    }
    return text;
  }
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto flag = node.value_exact<bool>()) return *flag ? "true" : "false";
  if (const auto whole = node.value_exact<std::int64_t>()) return fmt::format("{}", *whole);
  if (const auto number = node.value_exact<double>()) return fmt::format("{}", *number);
  throw SpecError(place +
                  "a table, an empty array or a date, expected text, a number, true or false");
}

}  // namespace

std::vector<FileSetting> read_config_file(const std::string& path) {
  // Not the length of the file first: it may be a pipe, or /dev/zero.
  constexpr std::size_t kMostBytes = std::size_t{1} << 20;
  std::ifstream file(path);
  std::string content(kMostBytes + 1, '\0');
  file.read(content.data(), std::ssize(content));
  content.resize(static_cast<std::size_t>(file.gcount()));
  if (!file.is_open() || file.bad() || std::filesystem::is_directory(path)) {
    throw DataError(path + ": cannot be read, expected a TOML file");
  }
  if (content.size() > kMostBytes || content.find('\0') != std::string::npos) {
    throw DataError(path + ": is longer than 1 MiB or no text, expected a TOML file");
  }
  return parse_config(content, path);
}

std::vector<FileSetting> parse_config(const std::string& text, const std::string& path) {
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw SpecError(fmt::format("{}:{}: {}", path, error.source().begin.line, error.description()));
  }
  std::vector<FileSetting> settings;
  for (const auto& [key, node] : table) {
    FileSetting entry;
    entry.key = std::string(key.str());
    std::replace(entry.key.begin(), entry.key.end(), '_', '-');
    entry.line = static_cast<long>(node.source().begin.line);
    entry.value = to_text(node, fmt::format("{}:{}: {}: ", path, entry.line, entry.key));
    settings.push_back(std::move(entry));
  }
  return settings;
}

}  // namespace plumb::cli
