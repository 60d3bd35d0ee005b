// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "plumb/record/finding.h"

namespace CLI {
class App;
}

namespace plumb::cli {

/// --fail-on SEVERITY: the exit code kFound for a run with a finding at least as severe, so that a
/// script can ask whether a network is sound.
class FailOn {
 public:
  void add_to(CLI::App& command);
  /// kOk or kFound.
  int exit_code(std::span<const Finding> findings) const;

 private:
  std::string severity_;
};

}  // namespace plumb::cli
