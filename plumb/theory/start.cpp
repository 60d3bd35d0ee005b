// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/start.h"

#include "plumb/core/error.h"
#include "plumb/theory/critical.h"

namespace plumb::theory {

namespace {

/// Above it the units of a bounded activation stand in their flat ends; see H2 of the rules' pages.
constexpr double kLargestGain = 3;

}  // namespace

std::optional<CriticalStart> critical_start(const std::string& activation) {
  if (activation.empty()) return CriticalStart{};
  std::optional<MomentGrid> grid;
  try {
    grid.emplace(make_activation(activation));
  } catch (const SpecError&) {
    return std::nullopt;
  }
  for (const CriticalPoint& point : critical_points(*grid, 0)) {
    if (point.stable && point.scale.weight_std <= kLargestGain) {
      return CriticalStart{point.scale.weight_std, 0, point.q};
    }
  }
  for (const CriticalPoint& point : half_stable_points(*grid)) {
    if (point.scale.weight_std <= kLargestGain) {
      return CriticalStart{point.scale.weight_std, point.scale.bias_std, point.q};
    }
  }
  return std::nullopt;
}

}  // namespace plumb::theory
