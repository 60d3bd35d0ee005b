// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>

namespace plumb {

/// A sum of squares whose terms come with powers of two, total * 4^exponent: squares of true values
/// may leave the range of double. NaN and infinity stay what they are.
///
/// Threads A value type; use one object from one thread.
class ScaledSquares {
 public:
  /// Adds sum * 4^log2_scale, exactly where the scale is whole and the range of double allows.
  void add(double sum, double log2_scale) {
    const double whole = std::nearbyint(log2_scale);
    if (whole != log2_scale) sum *= std::exp2(2 * (log2_scale - whole));
    if (whole != exponent_ && sum != 0) {
      const double larger = total_ == 0 ? whole : std::max(exponent_, whole);
      total_ = times_power_of_four(total_, exponent_ - larger);
      sum = times_power_of_four(sum, whole - larger);
      exponent_ = larger;
    }
    total_ += sum;
  }
  /// log2 of the root of their mean over `count`, for any exponent.
  double log2_rms(double count) const { return 0.5 * std::log2(total_ / count) + exponent_; }
  double root() const { return std::ldexp(std::sqrt(total_), bounded(exponent_)); }

 private:
  static int bounded(double exponent) {
    constexpr double kFar = 1e5;  // beyond any double
    return static_cast<int>(std::clamp(exponent, -kFar, kFar));
  }
  static double times_power_of_four(double x, double exponent) {
    return std::ldexp(x, 2 * bounded(exponent));
  }

  double total_ = 0;
  double exponent_ = 0;  ///< a whole number
};

}  // namespace plumb
