// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>

#include "plumb/train/config.h"

namespace CLI {
class App;
}

namespace plumb::cli {

/// The settings of a training as the user gave them: flags, the network argument and a TOML file,
/// collected while the command line is read and resolved afterwards (a flag wins over the file).
class ConfigOptions {
 public:
  /// Adds the positional NETWORK, --config and one option for each entry of settings().
  void add_to(CLI::App& command);
  /// Errors  SpecError naming every unknown key and every bad value at once.
  TrainConfig resolve() const;

 private:
  std::string network_;
  std::string file_;
  std::map<std::string, std::string, std::less<>> given_;
};

}  // namespace plumb::cli
