// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/theory/length_map.h"

namespace plumb::theory {

/// What one layer does to the correlation c of two inputs whose lengths both are the fixed point
/// q = E z^2, in the limit of infinite width. Written for the distance d = 1 - c, which keeps its
/// digits where c is close to 1.
///
///   C(c)  = (weight_std^2 E f(u) f(v) + bias_std^2) / q,   (u, v) normal, variances q, correlation c
///   D(d)  = 1 - C(1 - d) = weight_std^2 E (f(u) - f(v))^2 / (2 q)
///   C'(c) = weight_std^2 E f'(u) f'(v);   C'(1) = chi1
///
/// Accuracy  1e-12 for d from 1e-8 to 2, kinks and large q included (tests/theory); below, the
///           rounding of f itself costs D about 1e-16 / sqrt(d) of its value.
/// Threads   Made once; then any thread may ask it.
/// Source    Poole et al. 2016, arXiv:1606.05340, eq. 5 and 6; Schoenholz et al. 2017, arXiv:1611.01232.
class CorrelationMap {
 public:
  /// Errors  SpecError unless q is positive and finite and is a fixed point to 1e-6.
  CorrelationMap(ActivationFunction activation, const InitScale& scale, double q);

  double correlation(double c) const;  ///< C(c), c from -1 to 1
  double distance(double d) const;     ///< D(d), d from 0 to 2
  double slope(double d) const;        ///< C'(1 - d)

  /// The distance at the correlation c* that all pairs of inputs approach: 0 where chi1 <= 1
  /// (inputs become alike), else the root of D(d) = d in (0, 1].
  double fixed_distance() const;

 private:
  ActivationFunction activation_;
  double weight_var_;
  double bias_var_;
  double q_;
};

/// E g(u) g(v) for the normal pair of variances q and correlation c; E f'(u) f'(v) with derivative
/// set, E f(u) f(v) otherwise. Any q > 0, c from -1 to 1.
double pair_mean(const ActivationFunction& activation, double q, double c, bool derivative);

/// kappa of 1 - c_l ~ kappa / l, the law by which inputs become alike at a critical point of length
/// q: 2 E f'^2 / (q E f''^2). 0 where f' jumps: there they do so faster, as 1 / l^2.
/// Source  Hayou, Doucet, Rousseau 2019, arXiv:1902.06853, proposition 3.
double forgetting_constant(const ActivationFunction& activation, double q);

}  // namespace plumb::theory
