// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/leaky_relu.h"

#include <cmath>
#include <numbers>

namespace plumb::theory {

namespace {

double end_correlation(double slope, int layers) {
  double c = 0;
  for (int l = 0; l < layers; ++l) c = leaky_relu_correlation(slope, c);
  return c;
}

}  // namespace

double leaky_relu_correlation(double slope, double c) {
  const double weight = (1 - slope) * (1 - slope) / (std::numbers::pi * (1 + slope * slope));
  return c + weight * (std::sqrt(1 - c * c) - c * std::acos(c));
}

double tailored_slope(int layers, double target) {
  double low = 0, high = 1;  // the end correlation falls as the slope rises
  if (end_correlation(low, layers) <= target) return 0;
  constexpr int kBisections = 60;
  for (int i = 0; i < kBisections; ++i) {
    const double middle = 0.5 * (low + high);
    (end_correlation(middle, layers) > target ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

double leaky_relu_gain(double slope) { return std::sqrt(2 / (1 + slope * slope)); }

}  // namespace plumb::theory
