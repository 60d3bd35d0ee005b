// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "plumb/cli/config_file.h"
#include "plumb/train/config.h"

namespace CLI {
class App;
}

namespace plumb::cli {

/// The settings of a training as the user gave them: flags, the network argument and a TOML file,
/// collected while the command line is read and resolved afterwards (a flag wins over the file).
class ConfigOptions {
 public:
  enum class NetworkAs : bool { argument, option };

  /// Adds NETWORK or --network, --config and one option for each entry of settings(), whose help
  /// shows the values of `defaults`.
  void add_to(CLI::App& command, TrainConfig defaults = {},
              NetworkAs network_as = NetworkAs::argument);

  /// Reads the file. Keys that are no settings are other long options of the command, which get
  /// their values now unless they stand on the command line; those of `train` alone mean nothing to
  /// other commands, so that one file serves all. Called before any of these options is looked at.
  /// Errors  as read_config_file(); SpecError for a value that the option does not take.
  void read_file();

  /// The settings: the defaults, then `base`, then the file, then the flags.
  /// Errors  CommandLineError naming every bad flag; SpecError naming every unknown key and every bad
  ///         value of the file at once, or that there is no network.
  TrainConfig resolve(const std::vector<FileSetting>& base = {},
                      const std::string& base_name = "") const;

  /// --config, empty if there is none.
  const std::string& file() const { return file_; }
  /// Whether a flag or the file names this setting.
  bool is_given(const std::string& key) const;
  /// The flags that were given and mean nothing to a command that makes no step: "--lr, --epochs".
  std::string flags_for_steps() const;

 private:
  CLI::App* command_ = nullptr;
  TrainConfig defaults_;
  std::string network_;
  std::string file_;
  std::vector<FileSetting> entries_;  ///< of the file, settings alone
  std::string unknown_;               ///< what is wrong with its other keys
  std::map<std::string, std::string, std::less<>> given_;
};

}  // namespace plumb::cli
