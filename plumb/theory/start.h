// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace plumb::theory {

/// The start of a chain with one activation, at which gradients keep their size with depth.
struct CriticalStart {
  double gain = 1;      ///< weight_std: entries have the variance gain^2 / fan_in
  double bias_std = 0;  ///< of the half-stable point; 0 where the zero bias is critical itself
  double q = 0;         ///< the length at that point; 0 where any is kept, or it dies out slowly
};

/// Where mean-field theory has one that a network stays at: the stable critical point of zero bias
/// with the smallest gain (tanh 1, relu 1.414), else the half-stable point (gelu 1.408, bias
/// 0.416). Nothing for an activation that theory does not know, and for a gain above 3, at which
/// the units saturate before they pass the gradient (sigmoid, 10.15). Of no activation: gain 1.
/// Source  critical.h.
std::optional<CriticalStart> critical_start(const std::string& activation);

}  // namespace plumb::theory
