// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace plumb::theory {

/// The probability that a relu network is born dead for one non-zero input: some hidden layer is
/// silent. Zero biases, weights symmetric about 0: 1 - prod_l (1 - 2^-width_l), exact.
double silent_probability(std::span<const std::int64_t> widths);

/// Bounds of the probability that a relu network is born dead: constant on its whole input axis
/// (one input unit, `hidden` layers of `width` units, zero biases, symmetric weights). The lower
/// bound is exact at two hidden layers; the upper one is silent_probability.
/// Errors  SpecError for a width or a number of layers below 1.
/// Source  Lu, Shin, Su, Karniadakis 2020, arXiv:1903.06733, theorem 3.3 (L = hidden + 1 there).
struct DeathBounds {
  double lower = 0;
  double upper = 1;
};
DeathBounds born_dead(std::int64_t width, std::int64_t hidden);

}  // namespace plumb::theory
