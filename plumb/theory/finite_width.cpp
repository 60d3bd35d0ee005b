// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/finite_width.h"

#include <cmath>
#include <numbers>
#include <string>

#include "plumb/core/error.h"

namespace plumb::theory {

namespace {

void check_width(std::int64_t width) {
  if (width >= 1) return;
  throw SpecError("finite width: width is " + std::to_string(width) + ", expected at least 1");
}

}  // namespace

double square_factor(const Moments& at_q, std::int64_t width) {
  check_width(width);
  const double kappa = at_q.derivative4 / (at_q.derivative2 * at_q.derivative2);
  return 1 + (3 * kappa - 1) / static_cast<double>(width);
}

double square_factor(const Moments& at_q, std::span<const std::int64_t> widths) {
  double product = 1;
  for (const std::int64_t width : widths) product *= square_factor(at_q, width);
  return product;
}

LogFactor relu_log_factor(std::int64_t width) {
  check_width(width);
  const auto n = static_cast<double>(width);
  const double log_all = n * std::numbers::ln2;
  // Digamma and trigamma at k / 2, by their recurrences from 1/2 and 1.
  double digamma[2] = {-std::numbers::egamma, -std::numbers::egamma - 2 * std::numbers::ln2};
  double trigamma[2] = {std::numbers::pi * std::numbers::pi / 6,
                        std::numbers::pi * std::numbers::pi / 2};
  double alive = 0, mean = 0, square = 0, spread = 0;
  for (std::int64_t k = 1; k <= width; ++k) {
    const auto units = static_cast<double>(k);
    double& psi = digamma[k % 2];
    double& psi1 = trigamma[k % 2];
    if (k > 2) {
      const double before = units / 2 - 1;
      psi += 1 / before;
      psi1 -= 1 / (before * before);
    }
    const double weight = std::exp(std::lgamma(n + 1) - std::lgamma(units + 1) -
                                   std::lgamma(n - units + 1) - log_all);
    alive += weight;
    mean += weight * psi;
    square += weight * psi * psi;
    spread += weight * psi1;
  }
  mean /= alive;
  return {std::log(4 / n) + mean, spread / alive + square / alive - mean * mean};
}

LogFactor log_factor(const Moments& at_q, std::int64_t width) {
  const double variance = std::log(square_factor(at_q, width));
  return {-variance / 2, variance};
}

}  // namespace plumb::theory
