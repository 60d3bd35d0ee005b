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
  /// Adds sum * 4^log2_scale.
  void add(double sum, int log2_scale) {
    if (log2_scale != exponent_ && sum != 0) {
      const int larger = total_ == 0 ? log2_scale : std::max(exponent_, log2_scale);
      total_ = std::ldexp(total_, 2 * (exponent_ - larger));
      sum = std::ldexp(sum, 2 * (log2_scale - larger));
      exponent_ = larger;
    }
    total_ += sum;
  }
  double root() const { return std::ldexp(std::sqrt(total_), exponent_); }

 private:
  double total_ = 0;
  int exponent_ = 0;
};

}  // namespace plumb
