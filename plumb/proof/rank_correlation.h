// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

namespace plumb {

/// Spearman's rank correlation of pairs (a_i, b_i): Pearson's correlation of their ranks, equal
/// values having the mean of theirs.
///
/// Range   -1 to 1; infinities have ranks as numbers do. NaN for fewer than two pairs, where all of
///         one side are equal, or with a NaN in either.
/// Errors  PLUMB_CHECK of spans of different length.
/// Source  Spearman 1904; Kendall 1948, "Rank Correlation Methods", chapter 3, for ties.
double rank_correlation(std::span<const double> a, std::span<const double> b);

}  // namespace plumb
