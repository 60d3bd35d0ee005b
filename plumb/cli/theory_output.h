// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plumb/theory/critical.h"
#include "plumb/theory/mean_field.h"
#include "plumb/theory/phase_diagram.h"

namespace plumb::cli {

/// Everything that `plumb theory` has to say.
struct TheoryAnswer {
  std::string activation;
  theory::InitScale scale;
  double start = 1;
  std::optional<theory::MeanField> chain;        ///< with a weight scale
  std::vector<theory::FixedPoint> fixed_points;  ///< likewise
  std::vector<theory::CriticalPoint> critical;   ///< at this bias scale
  std::optional<theory::PhaseDiagram> diagram;
};

/// For people. `unicode` allows block characters in the diagram.
std::string theory_text(const TheoryAnswer& answer, bool unicode);

/// For programs; docs/theory.md has the schema. Numbers that are not finite are null, or "inf" and
/// "-inf" in the members that can be so.
std::string theory_json(const TheoryAnswer& answer);

}  // namespace plumb::cli
