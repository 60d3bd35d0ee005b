// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/record/finding.h"
#include "plumb/record/run_info.h"

namespace plumb {

/// The rule as a person names what it found, with a capital letter: "Vanishing gradient".
std::string disease_name(std::string_view rule);

/// A finding as people read it, complete enough to be read alone. Made from its facts, last, and
/// never searched.
struct FindingWords {
  std::string symptom;                        ///< one sentence or two with the numbers in it
  std::string cause;                          ///< which factor did it, and what it follows from
  std::string consequence;                    ///< what will happen if nothing changes
  std::vector<std::string> evidence_names;    ///< of the evidence, in its order
  std::vector<std::string> evidence_sources;  ///< where its threshold comes from
  std::vector<std::string> remedies;          ///< in the order of the remedies
};

/// `all` are the findings of the run, one of which may be the root of this one.
FindingWords words_of(const RunInfo& info, std::span<const Finding> all, const Finding& finding);

}  // namespace plumb
