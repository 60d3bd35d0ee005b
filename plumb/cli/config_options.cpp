// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/config_options.h"

#include <CLI/CLI.hpp>

#include "plumb/cli/config_file.h"
#include "plumb/core/error.h"

namespace plumb::cli {

void ConfigOptions::add_to(CLI::App& command) {
  command.add_option("NETWORK", network_,
                     "the network, such as \"flatten > 3 x [dense 64 > relu] > dense 10\"");
  command.add_option("--config", file_, "TOML file with the same keys as these options")
      ->type_name("FILE");
  for (const Setting& setting : settings()) {
    const std::string key(setting.key);
    if (key == "network") continue;
    command
        .add_option_function<std::string>(
            "--" + key, [this, key](const std::string& text) { given_[key] = text; },
            std::string(setting.help))
        ->type_name(std::string(setting.value))
        ->group(std::string(setting.group));
  }
}

TrainConfig ConfigOptions::resolve() const {
  TrainConfig config;
  std::string problems;
  const auto complain = [&](const std::string& message) {
    problems += (problems.empty() ? "" : "\n") + message;
  };
  const auto attempt = [&](const Setting& setting, const std::string& text,
                           const std::string& place) {
    try {
      setting.set(config, text);
    } catch (const SpecError& error) {
      complain(place + error.what());
    }
  };
  if (!file_.empty()) {
    for (const FileSetting& entry : read_config_file(file_)) {
      const std::string place = file_ + ":" + std::to_string(entry.line) + ": ";
      if (const Setting* setting = find_setting(entry.key)) {
        attempt(*setting, entry.value, place);
      } else {
        complain(place + "unknown key '" + entry.key +
                 "', expected one of the long options of 'plumb train --help'");
      }
    }
  }
  for (const auto& [key, text] : given_) attempt(*find_setting(key), text, "--");
  if (!network_.empty()) config.network = network_;
  if (config.network.empty() && problems.empty()) {
    complain(
        "network: none given, expected a network string or a --config file with network = \"...\"");
  }
  if (!problems.empty()) throw SpecError(problems);
  return config;
}

}  // namespace plumb::cli
