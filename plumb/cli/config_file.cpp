// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/config_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "plumb/core/error.h"

namespace plumb::cli {

namespace {

std::string to_text(const toml::node& node, const std::string& place) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto flag = node.value_exact<bool>()) return *flag ? "true" : "false";
  if (const auto whole = node.value_exact<std::int64_t>()) return fmt::format("{}", *whole);
  if (const auto number = node.value_exact<double>()) return fmt::format("{}", *number);
  throw SpecError(place + "a table, array or date, expected text, a number, true or false");
}

}  // namespace

std::vector<FileSetting> read_config_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream content;
  content << file.rdbuf();
  if (!file) throw DataError(path + ": cannot be read, expected a TOML file");
  return parse_config(content.str(), path);
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
