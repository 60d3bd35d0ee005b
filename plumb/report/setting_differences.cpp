// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/setting_differences.h"

#include <algorithm>

namespace plumb {

namespace {

std::optional<std::string> value_of(const RunSettings& settings, const std::string& name) {
  for (const auto& [key, value] : settings) {
    if (key == name) return value;
  }
  return std::nullopt;
}

}  // namespace

RunSettings settings_of(const RunInfo& info) {
  RunSettings all{{"network", info.title()},
                  {"data", info.data},
                  {"loss", info.loss},
                  {"optimiser", info.optimiser},
                  {"batch", info.batch > 0 ? std::to_string(info.batch) : ""},
                  {"seed", std::to_string(info.seed)},
                  {"precision", info.precision}};
  std::erase_if(all, [](const auto& one) { return one.second.empty(); });
  const RunSettings known = all;
  for (const auto& setting : info.settings) {
    if (!value_of(known, setting.first)) all.push_back(setting);
  }
  return all;
}

std::vector<SettingDifference> setting_differences(std::span<const RunSettings> runs) {
  std::vector<std::string> names;
  for (const RunSettings& settings : runs) {
    for (const auto& [name, value] : settings) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  std::vector<SettingDifference> differences;
  for (const std::string& name : names) {
    SettingDifference one{name, {}};
    for (const RunSettings& settings : runs) one.values.push_back(value_of(settings, name));
    const bool differs = std::any_of(one.values.begin(), one.values.end(), [&](const auto& value) {
      return value != one.values.front();
    });
    if (differs) differences.push_back(std::move(one));
  }
  return differences;
}

std::string setting_text(const std::optional<std::string>& value) {
  if (!value) return "-";
  return value->empty() ? "(empty)" : *value;
}

}  // namespace plumb
