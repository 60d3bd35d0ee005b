// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>

namespace plumb {

/// The difference of two arms that share their seeds, one pair a seed.
///
///   mean   of d_i = a_i - b_i
///   low, high   the 95 % interval of Student's t with n - 1 degrees of freedom
///   p      of the exact sign-flip test: the share of all 2^n ways to give the d_i signs whose mean
///          is at least as large in size as the one found. Two-sided; 2/2^n at the least.
///
/// Units   those of the scores. A pair with a score that is no number is left out.
/// Limits  n from 2 to 16 for p (NaN beyond), and the interval. Fewer pairs: all NaN but the mean.
/// Source  Student 1908; Fisher 1935, "The Design of Experiments", section 21.
struct PairedDifference {
  int pairs = 0;
  double mean = 0;
  double low = 0;
  double high = 0;
  double p = 1;
};
PairedDifference paired_difference(std::span<const double> a, std::span<const double> b);

/// The fewest pairs whose interval would lie above 0, were mean and spread those of this
/// difference. Nothing for a mean that is not above 0, fewer than two pairs, or more than `most`.
std::optional<int> pairs_needed(const PairedDifference& difference, int most);

/// The 97.5 % point of Student's t: 12.706 for one degree of freedom, 1.96 for many.
double student_quantile(int degrees);

}  // namespace plumb
