// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/linear_net.h"

#include <cmath>
#include <numbers>
#include <string>

#include "plumb/core/error.h"
#include "plumb/theory/quadrature.h"

namespace plumb::theory {

double mean_singular_value(double weight_std) { return weight_std * 8 / (3 * std::numbers::pi); }

double time_to_reach(const LinearMode& mode, double strength) {
  if (!(0 < mode.start && mode.start < strength && strength < mode.target) || mode.matrices < 1) {
    throw SpecError("linear mode: from " + std::to_string(mode.start) + " to " +
                    std::to_string(strength) + " of " + std::to_string(mode.target) +
                    ", expected 0 < start < strength < target");
  }
  // In x = ln(u / (s - u)) the integrand has no end that is special: du / (u (s - u)) = dx / s.
  const double power = 2.0 / mode.matrices - 1;
  const auto logit = [&](double u) { return std::log(u / (mode.target - u)); };
  const auto rate = [&](double x) {
    const double u = mode.target / (1 + std::exp(-x));
    return std::pow(u, power);
  };
  const double low = logit(mode.start), high = logit(strength);
  return integrate(rate, low, high) / (mode.matrices * mode.target);
}

double mode_strength(double target, double start, double time) {
  const double decay = std::exp(-2 * target * time);
  return target / (1 + (target / start - 1) * decay);
}

}  // namespace plumb::theory
