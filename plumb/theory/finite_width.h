// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "plumb/theory/moments.h"

namespace plumb::theory {

/// What the squared norm of a signal or gradient does in one layer of finite width, beside its
/// mean: a product of such factors is log-normal in depth, so a typical network is smaller than the
/// mean over networks, by exp of half the variance of the log, added up over the layers.
struct LogFactor {
  double mean = 0;      ///< of ln(factor / its mean), negative
  double variance = 0;  ///< of ln(factor)
};

/// E s^2 / (E s)^2 of the squared norm s behind one layer of `width` units, entries of the weight
/// normal: 1 + (3 kappa - 1) / width, kappa = E f'^4 / (E f'^2)^2. For relu this is 1 + 5 / width
/// and exact at any width, in every direction, for the signal as for the gradient; for others it is
/// the gradient's, with the lengths taken as those of the mean field.
/// Errors  SpecError for a width below 1.
/// Source  Hanin 2018, arXiv:1801.03744; Hanin and Nica 2018, arXiv:1812.05994.
double square_factor(const Moments& at_q, std::int64_t width);

/// The product over layers: E s^2 / (E s)^2 at the end of the chain. For relu the kurtosis of one
/// entry of the input gradient of a scalar output is 3 times this.
double square_factor(const Moments& at_q, std::span<const std::int64_t> widths);

/// relu with variance 2 / fan_in and no bias, given that a unit is alive: exact,
///   ln(2 chi^2_k / width), k ~ Binomial(width, 1/2), k >= 1.
/// About -5 / (2 width) and 5 / width: the typical network shrinks by exp(-2.5 depth / width) in
/// squared norm, though the mean over networks keeps its size.
/// Errors  SpecError for a width below 1.
LogFactor relu_log_factor(std::int64_t width);

/// Any activation, by the log-normal of the same first two moments: mean -ln(square_factor) / 2.
LogFactor log_factor(const Moments& at_q, std::int64_t width);

}  // namespace plumb::theory
