// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "plumb/theory/activation_function.h"
#include "plumb/theory/moments.h"

namespace plumb::theory {

/// The moments of one activation on a logarithmic grid of lengths, computed once: the search for
/// fixed points and critical lines reads the same numbers for every weight and bias scale.
/// Threads  Made once; then any thread may ask it.
class MomentGrid {
 public:
  struct Point {
    double q = 0;
    Moments at_q;
  };

  /// q from 1e-30 to 1e12, 12 points a decade: about 10 ms.
  explicit MomentGrid(ActivationFunction activation);

  const ActivationFunction& activation() const { return activation_; }
  const std::vector<Point>& points() const { return points_; }
  /// The limits q = 0 and q = infinity.
  const Moments& at_zero() const { return at_zero_; }
  const Moments& at_infinity() const { return at_infinity_; }

 private:
  ActivationFunction activation_;
  std::vector<Point> points_;
  Moments at_zero_;
  Moments at_infinity_;
};

/// Where f(q, moments) = 0 for q > 0, ascending, each to the precision of double. `f` must be given
/// relative to its largest term; below kNoise it counts as no sign at all. Roots closer together
/// than the grid may be missed in pairs.
struct GridRoots {
  std::vector<double> roots;
  int sign_near_zero = 0;      ///< of f at the low end; 0: f vanishes there
  int sign_near_infinity = 0;  ///< of f at the high end
};
GridRoots find_grid_roots(const MomentGrid& grid,
                          const std::function<double(double q, const Moments&)>& f);

}  // namespace plumb::theory
