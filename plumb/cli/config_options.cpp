// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/config_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>
#include <utility>

#include "plumb/cli/command.h"
#include "plumb/core/error.h"
#include "plumb/nn/spec/nearest.h"

namespace plumb::cli {

namespace {

void add_line(std::string& text, const std::string& line) {
  text += (text.empty() ? "" : "\n") + line;
}

CLI::Option* find_option(CLI::App& command, const std::string& key) {
  if (key == "config" || key == "help") return nullptr;
  return command.get_option_no_throw("--" + key);
}

/// ", did you mean 'output'?" among the long options of the command.
std::string suggestion(const CLI::App& command, const std::string& key) {
  std::vector<std::string> names{"network"};
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back(name);
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  return did_you_mean(key, views);
}

}  // namespace

CLI::App* find_command(const CLI::App& app, const std::string& name) {
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == name) return const_cast<CLI::App*>(command);
  }
  return nullptr;
}

void ConfigOptions::add_to(CLI::App& command, TrainConfig defaults, NetworkAs network_as) {
  command_ = &command;
  defaults_ = std::move(defaults);
  auto* const network =
      command.add_option(network_as == NetworkAs::argument ? "NETWORK" : "--network", network_,
                         "the network, such as \"flatten > 3 x [dense 64 > relu] > dense 10\"");
  if (network_as == NetworkAs::option) network->type_name("TEXT")->group("Network");
  command.add_option("--config", file_, "TOML file with the same keys as these options")
      ->type_name("FILE");
  for (const Setting& setting : settings()) {
    const std::string key(setting.key);
    if (key == "network") continue;
    const std::string names =
        "--" + key + (setting.alias.empty() ? "" : ",--" + std::string(setting.alias));
    auto* const option = command.add_option_function<std::string>(
        names, [this, key](const std::string& text) { given_[key] = text; },
        std::string(setting.help));
    option->type_name(std::string(setting.value))->group(std::string(setting.group));
    option->take_last();  // so that a script's options can be followed by one's own
    // The text says the default of those whose default depends on others.
    const std::string value = setting.get(defaults_);
    if (!value.empty() && key != "lr") option->default_str(value);
  }
}

void ConfigOptions::read_file() {
  entries_.clear();
  unknown_.clear();
  if (file_.empty()) return;
  const CLI::App* const parent = command_->get_parent();
  CLI::App* const train = parent == nullptr ? nullptr : find_command(*parent, "train");
  for (FileSetting& entry : read_config_file(file_)) {
    const std::string place = file_ + ":" + std::to_string(entry.line) + ": ";
    if (find_setting(entry.key) != nullptr) {
      entries_.push_back(std::move(entry));
    } else if (CLI::Option* const option = find_option(*command_, entry.key)) {
      if (option->count() > 0) continue;
      try {
        option->add_result(entry.value);
        option->run_callback();
      } catch (const CLI::Error& error) {
        add_line(unknown_, place + entry.key + ": '" + entry.value + "', " + error.what());
      }
    } else if (train == nullptr || find_option(*train, entry.key) == nullptr) {
      add_line(unknown_, place + "unknown key '" + entry.key +
                             "', expected one of the long options of 'plumb " +
                             command_->get_name() + " --help'" + suggestion(*command_, entry.key));
    }
  }
}

bool ConfigOptions::is_given(const std::string& key) const {
  return given_.contains(key) || std::ranges::any_of(entries_, [&](const FileSetting& entry) {
           const Setting* const setting = find_setting(entry.key);
           return setting != nullptr && setting->key == key;
         });
}

std::string ConfigOptions::flags_for_steps() const {
  std::string flags;
  for (const auto& [key, text] : given_) {
    if (find_setting(key)->is_for_steps) flags += (flags.empty() ? "--" : ", --") + key;
  }
  return flags;
}

TrainConfig ConfigOptions::resolve(const std::vector<FileSetting>& base,
                                   const std::string& base_name) const {
  TrainConfig config = defaults_;
  std::string problems = unknown_, flag_problems;
  bool has_rate = given_.contains("lr");
  const auto attempt = [&](std::string_view key, const std::string& text, const std::string& place,
                           std::string& list) {
    const Setting* const setting = find_setting(key);
    if (setting == nullptr) return add_line(list, place + "unknown key '" + std::string(key) + "'");
    has_rate = has_rate || setting->key == "lr";
    try {
      setting->set(config, text);
    } catch (const SpecError& error) {
      add_line(list, place + error.what());
    }
  };
  const auto take = [&](const std::vector<FileSetting>& entries, const std::string& name) {
    for (const FileSetting& entry : entries) {
      attempt(entry.key, entry.value, name + ":" + std::to_string(entry.line) + ": ", problems);
    }
  };
  take(base, base_name);
  take(entries_, file_);
  for (const auto& [key, text] : given_) attempt(key, text, "--", flag_problems);
  if (!has_rate) config.learning_rate = default_learning_rate(config.optimiser.name);
  if (!network_.empty()) config.network = network_;
  if (config.network.empty() && problems.empty() && flag_problems.empty()) {
    add_line(problems,
             "network: none given, expected a network string or a --config file with network = "
             "\"...\"");
  }
  if (!flag_problems.empty()) {
    if (!problems.empty()) add_line(flag_problems, problems);
    throw CommandLineError(flag_problems);
  }
  if (!problems.empty()) throw SpecError(problems);
  return config;
}

}  // namespace plumb::cli
