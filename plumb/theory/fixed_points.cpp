// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/fixed_points.h"

#include <cmath>
#include <limits>

#include "plumb/core/error.h"

namespace plumb::theory {

namespace {

// How much a layer moves a length, relative to it. Exactly kept lengths have no sign.
constexpr double kKept = 3e-14;

double relative_move(double q, const Moments& at_q, const InitScale& scale) {
  const double next = length_step(at_q, scale).next;
  return (next - q) / (next + q);
}

FixedPoint describe(double q, const Moments& at_q, const InitScale& scale) {
  const LengthStep step = length_step(at_q, scale);
  return {q, step.slope, step.chi1, step.slope <= 1};
}

bool keeps_zero(const MomentGrid& grid, const InitScale& scale) {
  return scale.bias_std == 0 && (scale.weight_std == 0 || grid.at_zero().value2 == 0);
}

GridRoots find_kept(const MomentGrid& grid, const InitScale& scale) {
  return find_grid_roots(
      grid, [&](double q, const Moments& at_q) { return relative_move(q, at_q, scale); });
}

FixedPoint zero_point(const MomentGrid& grid, const InitScale& scale, int sign_near_zero) {
  FixedPoint zero = describe(0, grid.at_zero(), scale);
  zero.stable = sign_near_zero <= 0;
  if (sign_near_zero == 0) {
    // To first order the layer keeps short lengths: the first length that it moves decides.
    for (const MomentGrid::Point& point : grid.points()) {
      const double move = relative_move(point.q, point.at_q, scale);
      if (std::abs(move) < kKept) continue;
      zero.stable = move < 0;
      break;
    }
  }
  return zero;
}

}  // namespace

std::vector<FixedPoint> fixed_points(const MomentGrid& grid, const InitScale& scale) {
  check_scale(scale);
  const GridRoots kept = find_kept(grid, scale);
  std::vector<FixedPoint> result;
  if (keeps_zero(grid, scale)) result.push_back(zero_point(grid, scale, kept.sign_near_zero));
  for (const double q : kept.roots) {
    result.push_back(describe(q, moments(grid.activation(), q), scale));
  }
  return result;
}

FixedPoint reached_length(const MomentGrid& grid, const InitScale& scale, double start) {
  check_scale(scale);
  if (!(start > 0) || std::isinf(start)) {
    throw SpecError("length: starts at " + std::to_string(start) + ", expected a positive number");
  }
  const Moments at_start = moments(grid.activation(), start);
  const double move = relative_move(start, at_start, scale);
  if (std::abs(move) < kKept) return describe(start, at_start, scale);

  const std::vector<FixedPoint> points = fixed_points(grid, scale);
  if (move < 0) {
    for (auto point = points.rbegin(); point != points.rend(); ++point) {
      if (point->q < start) return *point;
    }
    return describe(0, grid.at_zero(), scale);
  }
  for (const FixedPoint& point : points) {
    if (point.q > start) return point;
  }
  const double infinity = std::numeric_limits<double>::infinity();
  return describe(infinity, grid.at_infinity(), scale);
}

}  // namespace plumb::theory
