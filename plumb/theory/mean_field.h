// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/theory/fixed_points.h"

namespace plumb::theory {

/// What becomes of a deep chain: gradients and differences between inputs die out (ordered), keep
/// their size (critical) or grow (chaotic).
enum class Phase { ordered, critical, chaotic };
const char* to_string(Phase phase);

/// Within this of 1, chi1 counts as critical: an e-fold then takes a million layers.
inline constexpr double kCriticalTolerance = 1e-6;
Phase phase_of(double chi1);

/// The layers per e-fold of something that is multiplied by `factor` each layer: -1 / ln factor.
/// Positive: it shrinks; negative: it grows; infinite: it keeps its size (to rounding); 0: gone
/// after one layer.
double depth_scale(double factor);

/// A deep chain of equal layers in the limit of infinite width.
///
/// How to use:
///
///   const MomentGrid grid(make_activation("tanh"));
///   const MeanField field = analyse(grid, {.weight_std = 1.5, .bias_std = 0.1});
///   if (field.phase == Phase::chaotic) {
///     std::printf("the squared gradient grows by e in %.1f layers\n", -field.xi_grad);
///   }
///
///   xi_q    = -1 / ln slope        approach of the length to q*
///   xi_c    = -1 / ln C'(c*)       approach of the correlation of two inputs to c*
///   xi_grad = -1 / ln chi1         squared norm of the gradient; twice that for the norm
///
/// The last two agree in the ordered phase. Where the length tends to 0 or infinity there is no
/// correlation map in closed form; c_star and xi_c are NaN then, and chi1 is the one of that limit.
///
/// Source  Schoenholz, Gilmer, Ganguli, Sohl-Dickstein 2017, arXiv:1611.01232: eq. 8 (xi_q), 9 (xi_c), and the gradient's.
struct MeanField {
  FixedPoint reached;  ///< q*, chi1, slope, stability
  double c_star = 0;
  double one_minus_c_star = 0;  ///< the same with its digits where c* is near 1
  double xi_q = 0;
  double xi_c = 0;
  double xi_grad = 0;
  Phase phase = Phase::critical;
  /// Layers that still train: 6 xi_c, the rule that Schoenholz et al. read off their experiments
  /// (fully connected tanh networks on MNIST and CIFAR-10). In the chaotic phase it is a bound that
  /// is not reached: there gradients also explode with -xi_grad, and they saw less. Infinite at
  /// criticality, where width and length of training set the limit.
  double trainable_depth = 0;
  bool trainable_depth_is_bound = false;
};

/// Errors  SpecError for scales that are negative or not finite or a start that is not positive.
MeanField analyse(const MomentGrid& grid, const InitScale& scale, double start = 1);

}  // namespace plumb::theory
