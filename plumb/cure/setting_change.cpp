// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/setting_change.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "plumb/core/error.h"
#include "plumb/cure/chain_edit.h"
#include "plumb/nn/init.h"

namespace plumb {

namespace {

constexpr double kSameVariance = 0.01;

bool same_variance(double a, double b) {
  return std::abs(a - b) <= kSameVariance * std::max(std::abs(a), std::abs(b));
}

/// Of random entries that are drawn one by one; orthogonal and its like are more than a variance.
bool is_drawn(const InitScheme& scheme) {
  for (const std::string_view name : {"lecun", "glorot", "he_", "pytorch", "normal", "uniform"}) {
    if (std::string_view(scheme.name).starts_with(name)) return true;
  }
  return false;
}

bool same_start(const InitScheme& a, const InitScheme& b) {
  if (is_drawn(a) && is_drawn(b)) {
    constexpr std::int64_t kWide = 64;
    return same_variance(init_variance(a, kWide, kWide), init_variance(b, kWide, kWide)) &&
           same_variance(init_variance(a, kWide, kWide / 2), init_variance(b, kWide, kWide / 2));
  }
  return to_string(a) == to_string(b) && a.gain == b.gain;
}

bool is_plain_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("_-+.,:/=@%").find(c) != std::string_view::npos;
  });
}

/// In single quotes where the shell would read something into it.
std::string quoted(const std::string& text) {
  if (is_plain_word(text)) return text;
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') {
      result += "'\\''";
    } else {
      result += c;
    }
  }
  return result + "'";
}

std::string toml_value(const Setting& setting, const std::string& value) {
  if (setting.value == "NUMBER" || setting.value == "COUNT" || setting.value == "BOOL" ||
      setting.value == "STEPS" || setting.value == "FRACTION") {
    return value;
  }
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + "\"";
}

}  // namespace

std::vector<SettingChange> setting_changes(const TrainConfig& before, const TrainConfig& after) {
  std::vector<SettingChange> changes;
  for (const Setting& setting : settings()) {
    std::string was = setting.get(before), is = setting.get(after);
    if (was != is) changes.push_back({std::string(setting.key), std::move(was), std::move(is)});
  }
  return changes;
}

bool is_no_op(const TrainConfig& before, const TrainConfig& after) {
  bool start_differs = false;
  for (const SettingChange& change : setting_changes(before, after)) {
    if (change.key == "network") {
      if (plain_network(before.network) != plain_network(after.network)) return false;
    } else if (change.key == "init" || change.key == "gain") {
      start_differs = true;
    } else if (change.key == "bias-init") {
      if (!same_start(parse_init(before.bias_init), parse_init(after.bias_init))) return false;
    } else {
      return false;
    }
  }
  return !start_differs ||
         same_start(parse_init(before.init, before.gain), parse_init(after.init, after.gain));
}

std::string train_command(const TrainConfig& config) {
  std::string text = "plumb train " + quoted(config.network);
  const TrainConfig usual;
  for (const Setting& setting : settings()) {
    const std::string value = setting.get(config);
    if (setting.key == "network" || value == setting.get(usual)) continue;
    if (setting.key == "stop-on-nan" && value == "true") continue;  // the command's own default
    text += fmt::format(" --{} {}", setting.key, quoted(value));
  }
  return text;
}

std::string to_toml(const TrainConfig& config) {
  std::string text;
  const TrainConfig usual;
  for (const Setting& setting : settings()) {
    const std::string value = setting.get(config);
    if (setting.key != "network" && value == setting.get(usual)) continue;
    text += fmt::format("{} = {}\n", setting.key, toml_value(setting, value));
  }
  return text;
}

std::optional<TrainConfig> config_of(const RunInfo& info) {
  TrainConfig config;
  for (const auto& [key, value] : info.settings) {
    const Setting* const setting = find_setting(key);
    if (setting == nullptr) continue;  // a file that was written beside the run
    try {
      setting->set(config, value);
    } catch (const SpecError&) {
      return std::nullopt;
    }
  }
  if (config.network.empty()) return std::nullopt;
  return config;
}

}  // namespace plumb
