// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>

namespace plumb::theory {

/// A root of the continuous f in [a, b], where f(a) and f(b) have opposite signs (or one is 0), to
/// the precision of double.
///
/// Source  Chandrupatla 1997, Advances in Engineering Software 28, 145-149: inverse quadratic
///         interpolation where it is safe, bisection otherwise.
template <class F>
double find_root(F f, double a, double b) {
  double fa = f(a), fb = f(b);
  if (fa == 0) return a;
  if (fb == 0) return b;
  double c = a, fc = fa;
  double step = 0.5;
  for (int iteration = 0; iteration < 200; ++iteration) {
    const double x = a + step * (b - a);
    const double fx = f(x);
    if (std::signbit(fx) == std::signbit(fa)) {
      c = a;
      fc = fa;
    } else {
      c = b;
      fc = fb;
      b = a;
      fb = fa;
    }
    a = x;
    fa = fx;
    const double best = std::abs(fa) < std::abs(fb) ? a : b;
    const double least_step = 0.5 * 2.3e-16 * std::abs(best) / std::max(std::abs(b - a), 1e-300);
    if (fa == 0 || least_step > 0.5) return best;
    const double xi = (a - b) / (c - b);
    const double phi = (fa - fb) / (fc - fb);
    step = 0.5;
    if (1 - std::sqrt(1 - xi) < phi && phi < std::sqrt(xi)) {
      step = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb);
    }
    step = std::clamp(step, least_step, 1 - least_step);
  }
  return std::abs(fa) < std::abs(fb) ? a : b;
}

}  // namespace plumb::theory
