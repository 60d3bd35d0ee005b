// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace plumb::theory {

/// The mean singular value of a large square matrix of independent entries of variance
/// weight_std^2 / n: weight_std 8 / (3 pi) = 0.8488 weight_std (the quarter-circle law).
double mean_singular_value(double weight_std);

/// Learning of one mode of a deep linear network by gradient descent: the product u of the
/// strengths of its `matrices` layers, all equal, on the way from u0 to the strength s of the data.
///
///   du/dt = matrices u^(2 - 2/matrices) (s - u),   t in units of the time constant
///
/// Source  Saxe, McClelland, Ganguli 2013, arXiv:1312.6120, eq. 9 (two matrices) and section 3.
struct LinearMode {
  int matrices = 2;
  double target = 1;    ///< s
  double start = 1e-3;  ///< u0
};

/// The time at which the strength is `strength`.
/// Errors  SpecError unless 0 < start < strength < target and there is a matrix.
double time_to_reach(const LinearMode& mode, double strength);

/// The strength at time t of two matrices, in closed form: s e^(2st) / (e^(2st) - 1 + s/u0).
double mode_strength(double target, double start, double time);

}  // namespace plumb::theory
