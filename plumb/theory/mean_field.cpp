// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/mean_field.h"

#include <cmath>
#include <limits>

#include "plumb/theory/correlation_map.h"

namespace plumb::theory {

namespace {
constexpr double kTrainableScales = 6;
}

const char* to_string(Phase phase) {
  switch (phase) {
    case Phase::ordered: return "ordered";
    case Phase::critical: return "critical";
    case Phase::chaotic: return "chaotic";
  }
  return "unknown";
}

Phase phase_of(double chi1) {
  if (std::abs(chi1 - 1) <= kCriticalTolerance) return Phase::critical;
  return chi1 < 1 ? Phase::ordered : Phase::chaotic;
}

double depth_scale(double factor) {
  const double log_factor = std::log(factor);
  const bool is_rounding = std::abs(log_factor) < 1e-13;
  return is_rounding ? std::numeric_limits<double>::infinity() : -1 / log_factor;
}

MeanField analyse(const MomentGrid& grid, const InitScale& scale, double start) {
  MeanField result;
  result.reached = reached_length(grid, scale, start);
  const double q = result.reached.q;
  const double chi1 = result.reached.chi1;
  result.phase = phase_of(chi1);
  result.xi_q = depth_scale(result.reached.slope);
  result.xi_grad = depth_scale(chi1);

  const bool critical = result.phase == Phase::critical;
  if (critical) result.xi_grad = std::numeric_limits<double>::infinity();  // its sign is rounding's

  result.c_star = result.one_minus_c_star = result.xi_c = std::numeric_limits<double>::quiet_NaN();
  if (q > 0 && std::isfinite(q)) {
    const CorrelationMap map(grid.activation(), scale, q);
    const double d = critical ? 0 : map.fixed_distance();
    result.one_minus_c_star = d;
    result.c_star = 1 - d;
    result.xi_c = d == 0 ? result.xi_grad : depth_scale(map.slope(d));
  }

  const double reach = std::isnan(result.xi_c) ? std::abs(result.xi_grad) : result.xi_c;
  result.trainable_depth = kTrainableScales * reach;
  result.trainable_depth_is_bound = result.phase == Phase::chaotic;
  return result;
}

}  // namespace plumb::theory
