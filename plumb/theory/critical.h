// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "plumb/theory/length_map.h"
#include "plumb/theory/moment_grid.h"

namespace plumb::theory {

/// A point of the edge of chaos: a length q that the layer keeps, at which chi1 = 1.
struct CriticalPoint {
  InitScale scale;
  double q = 0;
  double slope = 0;  ///< d next/dq there
  /// The slope is at most 1: a real network stays there. Otherwise its length runs away from q, and
  /// the network is not critical at all (gelu at bias_std 0.2).
  bool stable = false;
};

/// All critical points at one bias scale, ascending in weight_std: the roots q of
///   q - E f^2 / E f'^2 = bias_std^2,   weight_std^2 = 1 / E f'^2.
/// q = 0 is among them if f(0) = 0 and there is no bias. relu and its like have the one weight_std
/// for every q (bias_std = 0): it is given with q = 0, and stands for all. Empty where there is
/// none: relu with a bias, softplus.
/// Errors  SpecError for a bias_std that is negative or not finite.
/// Source  Hayou, Doucet, Rousseau 2019, arXiv:1902.06853; the test of the slope is ours.
std::vector<CriticalPoint> critical_points(const MomentGrid& grid, double bias_std);

/// The critical point at length q, whatever bias it takes; bias_std is NaN if none gives it.
CriticalPoint critical_point_at(const ActivationFunction& activation, double q);

/// Points with chi1 = slope = 1, where E f f'' = 0: the critical line turns from unstable to
/// stable.
/// Source  Roberts, Yaida, Hanin 2022, "The Principles of Deep Learning Theory", section 5.3.
std::vector<CriticalPoint> half_stable_points(const MomentGrid& grid);

}  // namespace plumb::theory
