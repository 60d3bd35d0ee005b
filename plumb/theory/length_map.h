// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "plumb/theory/activation_function.h"
#include "plumb/theory/moments.h"

namespace plumb::theory {

/// How a layer z' = W f(z) + b starts: W_ij ~ N(0, weight_std^2 / fan_in), b_i ~ N(0, bias_std^2).
/// Both are standard deviations; papers often give the variances.
struct InitScale {
  double weight_std = 1;
  double bias_std = 0;
};

/// Errors  SpecError for a standard deviation that is negative or not finite.
void check_scale(const InitScale& scale);

/// One layer at length q = E z^2, in the limit of infinite width.
///
///   next  = weight_std^2 E f(z)^2 + bias_std^2          the length after the layer
///   slope = weight_std^2 (E f'^2 + E f f'') = d next/dq
///   chi1  = weight_std^2 E f'^2    growth of the squared norm of the gradient, one layer down
///
/// Source  Poole et al. 2016, arXiv:1606.05340, eq. 3; Schoenholz et al. 2017, arXiv:1611.01232.
struct LengthStep {
  double next = 0;
  double slope = 0;
  double chi1 = 0;
};
LengthStep length_step(const Moments& at_q, const InitScale& scale);
LengthStep length_step(const ActivationFunction& activation, const InitScale& scale, double q);

/// A chain of equal layers from the length q_0 = `start`.
struct LengthChain {
  std::vector<double> q;  ///< q_0 .. q_L
  std::vector<double>
      growth;  ///< growth[l]: product of chi1(q_k), k < l; ratio of squared gradient norms
};
LengthChain iterate_chain(const ActivationFunction& activation, const InitScale& scale,
                          double start, int layers);

}  // namespace plumb::theory
