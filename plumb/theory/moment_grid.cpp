// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/moment_grid.h"

#include <cmath>
#include <limits>
#include <utility>

#include "plumb/theory/root.h"

namespace plumb::theory {

namespace {

constexpr double kLowestDecade = -30;
constexpr double kHighestDecade = 12;
constexpr int kPointsPerDecade = 12;
constexpr double kNoise = 3e-14;  // relative; ten times what the quadrature errs at most

int sign_of(double relative) { return std::abs(relative) < kNoise ? 0 : relative < 0 ? -1 : 1; }

}  // namespace

MomentGrid::MomentGrid(ActivationFunction activation)
    : activation_(std::move(activation)),
      at_zero_(moments(activation_, 0)),
      at_infinity_(moments(activation_, std::numeric_limits<double>::infinity())) {
  const int count = static_cast<int>(kHighestDecade - kLowestDecade) * kPointsPerDecade;
  points_.reserve(static_cast<std::size_t>(count) + 1);
  for (int i = 0; i <= count; ++i) {
    const double q = std::pow(10, kLowestDecade + static_cast<double>(i) / kPointsPerDecade);
    points_.push_back({q, moments(activation_, q)});
  }
}

GridRoots find_grid_roots(const MomentGrid& grid,
                          const std::function<double(double, const Moments&)>& f) {
  GridRoots result;
  double last_q = 0;
  int last_sign = 0;
  bool first = true;
  for (const MomentGrid::Point& point : grid.points()) {
    const int sign = sign_of(f(point.q, point.at_q));
    if (first) result.sign_near_zero = sign;
    first = false;
    result.sign_near_infinity = sign;
    if (sign == 0) continue;
    if (last_sign != 0 && sign != last_sign) {
      const auto at = [&](double log_q) {
        const double q = std::exp(log_q);
        return f(q, moments(grid.activation(), q));
      };
      result.roots.push_back(std::exp(find_root(at, std::log(last_q), std::log(point.q))));
    }
    last_q = point.q;
    last_sign = sign;
  }
  return result;
}

}  // namespace plumb::theory
