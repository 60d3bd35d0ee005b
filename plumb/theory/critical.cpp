// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/critical.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace plumb::theory {

namespace {

constexpr double kRounding = 1e-13;

CriticalPoint describe(double q, const Moments& m, double bias_std) {
  const double weight_std = 1 / std::sqrt(m.derivative2);
  const double slope = 1 + m.value_second_derivative / m.derivative2;
  return {{weight_std, bias_std}, q, slope, slope <= 1 + kRounding};
}

// q = 0 at criticality keeps its slope of 1 at any scale: what the next order does to short lengths
// decides.
CriticalPoint describe_zero(const MomentGrid& grid) {
  CriticalPoint zero = describe(0, grid.at_zero(), 0);
  for (const MomentGrid::Point& point : grid.points()) {
    const double next = length_step(point.at_q, zero.scale).next;
    if (std::abs(next - point.q) < kRounding * point.q) continue;
    zero.stable = next < point.q;
    break;
  }
  return zero;
}

}  // namespace

std::vector<CriticalPoint> critical_points(const MomentGrid& grid, double bias_std) {
  check_scale({0, bias_std});
  std::vector<CriticalPoint> result;
  if (bias_std == 0 && grid.at_zero().value2 == 0 && grid.at_zero().derivative2 > 0) {
    result.push_back(describe_zero(grid));
  }
  // Relative to the sum of its terms, so that rounding has one size.
  const auto excess = [&](double q, const Moments& m) {
    const double wanted = m.value2 / m.derivative2 + bias_std * bias_std;
    return (q - wanted) / (q + wanted);
  };
  for (const double q : find_grid_roots(grid, excess).roots) {
    result.push_back(describe(q, moments(grid.activation(), q), bias_std));
  }
  std::sort(result.begin(), result.end(), [](const CriticalPoint& a, const CriticalPoint& b) {
    return a.scale.weight_std < b.scale.weight_std;
  });
  return result;
}

CriticalPoint critical_point_at(const ActivationFunction& activation, double q) {
  const Moments m = moments(activation, q);
  const double bias_var = q - m.value2 / m.derivative2;
  const double bias_std =
      bias_var >= 0 ? std::sqrt(bias_var) : std::numeric_limits<double>::quiet_NaN();
  return describe(q, m, bias_std);
}

std::vector<CriticalPoint> half_stable_points(const MomentGrid& grid) {
  std::vector<CriticalPoint> result;
  const auto curvature = [](double, const Moments& m) {
    return m.value_second_derivative / m.derivative2;
  };
  for (const double q : find_grid_roots(grid, curvature).roots) {
    const CriticalPoint point = critical_point_at(grid.activation(), q);
    if (!std::isnan(point.scale.bias_std)) result.push_back(point);
  }
  return result;
}

}  // namespace plumb::theory
