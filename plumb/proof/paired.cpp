// SPDX-License-Identifier: Apache-2.0
#include "plumb/proof/paired.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace plumb {

namespace {

constexpr int kMostPairs = 16;

double sign_flip_p(const std::vector<double>& d, double mean) {
  const auto n = d.size();
  const std::uint32_t ways = 1U << n;
  const double found = std::abs(mean) * (1 - 1e-12);
  std::uint32_t as_large = 0;
  for (std::uint32_t signs = 0; signs < ways; ++signs) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += (signs >> i & 1U) != 0 ? -d[i] : d[i];
    if (std::abs(sum / static_cast<double>(n)) >= found) ++as_large;
  }
  return static_cast<double>(as_large) / ways;
}

}  // namespace

double student_quantile(int degrees) {
  // Of the tables, by degrees of freedom from 1.
  constexpr double kTable[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306,
                               2.262,  2.228, 2.201, 2.179, 2.160, 2.145, 2.131};
  if (degrees < 1) return std::numeric_limits<double>::quiet_NaN();
  if (degrees <= static_cast<int>(std::size(kTable))) return kTable[degrees - 1];
  // Cornish-Fisher about the normal's 1.96 to the second order: good to 1e-3 from 15 degrees on.
  constexpr double z = 1.959964, z3 = z * z * z, z5 = z3 * z * z;
  return z + (z3 + z) / (4.0 * degrees) + (5 * z5 + 16 * z3 + 3 * z) / (96.0 * degrees * degrees);
}

std::optional<int> pairs_needed(const PairedDifference& difference, int most) {
  if (difference.pairs < 2 || !(difference.mean > 0)) return std::nullopt;
  const double half = difference.high - difference.mean;
  const double spread = half / student_quantile(difference.pairs - 1) * std::sqrt(difference.pairs);
  for (int n = 2; n <= most; ++n) {
    if (student_quantile(n - 1) * spread < difference.mean * std::sqrt(n)) return n;
  }
  return std::nullopt;
}

PairedDifference paired_difference(std::span<const double> a, std::span<const double> b) {
  std::vector<double> d;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (std::isfinite(a[i] - b[i])) d.push_back(a[i] - b[i]);
  }
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  PairedDifference result{static_cast<int>(d.size()), kNone, kNone, kNone, kNone};
  if (d.empty()) return result;
  const auto n = static_cast<double>(d.size());
  result.mean = 0;
  for (const double one : d) result.mean += one / n;
  if (d.size() < 2) return result;
  double squares = 0;
  for (const double one : d) squares += (one - result.mean) * (one - result.mean);
  const double error = std::sqrt(squares / (n - 1) / n);
  const double half = student_quantile(result.pairs - 1) * error;
  result.low = result.mean - half;
  result.high = result.mean + half;
  if (result.pairs <= kMostPairs) result.p = sign_flip_p(d, result.mean);
  return result;
}

}  // namespace plumb
