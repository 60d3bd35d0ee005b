// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>

namespace plumb {

/// The weighted mean of numbers, of which those that are not told (NaN) may be left out.
class Mean {
 public:
  explicit Mean(bool skips_nan = false) : skips_nan_(skips_nan) {}
  void add(double value, double weight = 1) {
    if (skips_nan_ && std::isnan(value)) return;
    sum_ += weight * value;
    weight_ += weight;
  }
  bool is_empty() const { return weight_ == 0; }
  double value() const {
    return weight_ > 0 ? sum_ / weight_ : std::numeric_limits<double>::quiet_NaN();
  }

 private:
  bool skips_nan_;
  double sum_ = 0, weight_ = 0;
};

/// log2 of the root of the weighted mean of squares, of numbers given as log2: exact beyond the
/// exponents of a double.
class Log2MeanSquare {
 public:
  void add(double log2_value, double weight) {
    if (!(weight > 0)) return;
    weight_ += weight;
    if (std::isnan(log2_value) || log2_value == -kNothing) {
      largest_ = std::isnan(largest_) ? largest_ : log2_value;
      return;
    }
    if (log2_value == kNothing || !(std::isfinite(largest_) || largest_ == kNothing)) return;
    if (log2_value > largest_) {
      squares_ *= largest_ == kNothing ? 0 : std::exp2(2 * (largest_ - log2_value));
      largest_ = log2_value;
    }
    squares_ += weight * std::exp2(2 * (log2_value - largest_));
  }
  double value() const {
    return std::isfinite(largest_) ? largest_ + 0.5 * std::log2(squares_ / weight_) : largest_;
  }

 private:
  static constexpr double kNothing = -std::numeric_limits<double>::infinity();
  double largest_ = kNothing, squares_ = 0, weight_ = 0;
};

}  // namespace plumb
