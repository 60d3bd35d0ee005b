// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/dying_relu.h"

#include <cmath>
#include <string>
#include <vector>

#include "plumb/core/error.h"

namespace plumb::theory {

double silent_probability(std::span<const std::int64_t> widths) {
  // By logarithms: at width 60 the probability of 1e-18 would be lost beside 1.
  double log_alive = 0;
  for (const std::int64_t width : widths) {
    log_alive += std::log1p(-std::exp2(-static_cast<double>(width)));
  }
  return -std::expm1(log_alive);
}

DeathBounds born_dead(std::int64_t width, std::int64_t hidden) {
  if (width < 1 || hidden < 1) {
    throw SpecError("born dead: width " + std::to_string(width) + " and " + std::to_string(hidden) +
                    " hidden layers, expected at least 1 of each");
  }
  const auto n = static_cast<double>(width);
  const auto l = static_cast<double>(hidden - 1);
  const double half = std::exp2(-n);  // one layer silent for one input
  const double a1 = 1 - half;
  const double a2 = 1 - 2 * half - (n - 1) * half * half;
  const double share = (1 - 2 * half) * (1 - half) / (1 + (n - 1) * half);
  const std::vector<std::int64_t> widths(static_cast<std::size_t>(hidden), width);
  const double lower =
      -std::expm1(l * std::log1p(-half)) + share * (std::pow(a2, l) - std::pow(a1, l));
  return {lower, silent_probability(widths)};
}

}  // namespace plumb::theory
