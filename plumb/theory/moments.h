// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/theory/activation_function.h"

namespace plumb::theory {

/// Means over z ~ N(0, q) of an activation f: everything that the maps of one layer are made of.
struct Moments {
  double value = 0;                    ///< E f
  double value2 = 0;                   ///< E f^2
  double variance = 0;                 ///< E (f - E f)^2
  double derivative = 0;               ///< E f'
  double derivative2 = 0;              ///< E f'^2
  double derivative4 = 0;              ///< E f'^4
  double value_second_derivative = 0;  ///< E f f'', with the point masses of f'' at kinks
  double second_derivative2 = 0;       ///< E f''^2; infinite where f' jumps
};

/// The moments at q = E z^2.
///
/// q = 0 is the limit from above, q = infinity the one from below (where E f^2 is infinite unless f
/// is bounded). The point masses count as jump * f(kink) * density(kink), so E f'^2 + E f f''
/// is d(E f^2)/dq exactly for relu and hardtanh too.
///
/// Of an f that grows as e^(growth x) all are infinite where growth^2 q is beyond 80: E f'^4 leaves
/// the range of double there.
///
/// Accuracy  1e-12 relative to E|.| or better, at any q (tests/theory compares with mpmath).
/// Errors    SpecError for a q that is negative or NaN.
Moments moments(const ActivationFunction& activation, double q);

}  // namespace plumb::theory
