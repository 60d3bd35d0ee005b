// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "plumb/theory/length_map.h"
#include "plumb/theory/moment_grid.h"

namespace plumb::theory {

/// A length that a layer keeps: next(q) = q.
struct FixedPoint {
  double q = 0;         ///< 0, positive, or infinity (the length grows without bound)
  double slope = 0;     ///< d next/dq; below 1 the point attracts lengths near it
  double chi1 = 0;      ///< growth of the squared norm of the gradient per layer
  bool stable = false;  ///< lengths near it do not leave it
};

/// All fixed points of the length, ascending in q: 0 if f(0) = 0 without a bias, then those between
/// 1e-30 and 1e12. Where every length is one (relu with weight_std^2 = 2 and no bias) the list is
/// empty but for 0; see reached_length.
/// Errors  SpecError for scales that are negative or not finite.
std::vector<FixedPoint> fixed_points(const MomentGrid& grid, const InitScale& scale);

/// Where a deep chain's length goes from `start`: the next fixed point in the direction in which
/// the first layer moves it, infinity if there is none above, `start` itself if the layer keeps it.
/// Takes next(q) to be increasing, as it is for every activation of the engine.
/// Errors  SpecError for scales that are negative or not finite or a start that is not positive.
FixedPoint reached_length(const MomentGrid& grid, const InitScale& scale, double start = 1);

}  // namespace plumb::theory
