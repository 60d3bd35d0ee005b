// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/fail_on.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "plumb/cli/command.h"

namespace plumb::cli {

void FailOn::add_to(CLI::App& command) {
  command
      .add_option("--fail-on", severity_,
                  "exit with 3 if there is a finding as severe as this: note, warning or critical")
      ->type_name("SEVERITY")
      ->check(CLI::IsMember({"note", "warning", "critical"}));
}

int FailOn::exit_code(std::span<const Finding> findings) const {
  const auto least = parse_severity(severity_);
  if (severity_.empty() || !least) return kOk;
  const bool found = std::ranges::any_of(
      findings, [&](const Finding& finding) { return finding.severity >= *least; });
  return found ? kFound : kOk;
}

}  // namespace plumb::cli
