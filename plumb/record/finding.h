// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace plumb {

enum class Severity : std::uint8_t { note, warning, critical };
const char* to_string(Severity severity);

/// One measured fact behind a finding.
struct Evidence {
  std::string quantity;  ///< "flow attenuation from the loss to layer 1, log2"
  double value = 0;
  double threshold = 0;
  std::string threshold_source;  ///< a paper, a derivation, our choice
};

/// One diagnosed problem, complete enough to be read alone.
struct Finding {
  std::string rule;  ///< "vanishing_gradient": stable, stored
  Severity severity = Severity::warning;
  std::string path;             ///< the layer where it begins; empty for the whole network
  std::int64_t first_step = 0;  ///< the first recorded step that shows it
  std::int64_t last_step = 0;   ///< the last one that does
  std::string symptom;          ///< one sentence with the numbers in it
  std::vector<Evidence> evidence;
  std::string cause;                  ///< from the ledger: which factor of the chain rule did it
  std::string consequence;            ///< what will happen if nothing changes
  std::vector<std::string> remedies;  ///< in words, the one that fits the cause best first
};

}  // namespace plumb
