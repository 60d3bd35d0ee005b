// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <vector>

namespace plumb::theory {

/// One node of a quadrature: E[f(x)] is the sum of weight * f(x).
struct QuadratureNode {
  double x = 0;
  double weight = 0;
};

/// Where an integrand is special. Panels end at `at`; near it none is wider than `width` (infinite:
/// the function is only split there) or half the distance to it.
struct Feature {
  double at = 0;
  double width = 0;
};

/// Nodes for E[f(x)], x ~ N(mean, std_dev^2), replacing what is in `nodes`.
///
/// Gauss-Legendre panels with 16 nodes over mean +- 13 std_dev, no panel wider than 1.5 std_dev,
/// graded towards the features. Why not Gauss-Hermite: for E[tanh^2(sqrt(q) z)] at q = 12.6 a rule
/// of 64 nodes is wrong in the second digit, and a kink costs any such rule nearly all its digits.
///
/// `growth` above 0 is for integrands that grow as e^(growth x): the normal density times that has
/// its mean growth std_dev^2 further to the right, to which the panels then reach, none wider than
/// 2 / growth.
///
/// Accuracy  For f analytic between the features, within `width` of each and within half the
///           distance to the nearest beyond, and growing at most as a polynomial, or as `growth` says: relative error
///           below 1e-13 of E|f|, for any std_dev from 1e-100 to 1e100 (tests/theory). What f does
///           beyond 13 std_dev is left out: 1e-37 of the probability.
/// Errors    PLUMB_CHECK of a std_dev that is not positive and finite.
void gaussian_nodes(double mean, double std_dev, std::span<const Feature> features,
                    std::vector<QuadratureNode>& nodes, double growth = 0);

/// The integral of f from a to b, in panels no wider than 1 with 16 nodes each; f analytic within 1
/// of [a, b].
double integrate(const std::function<double(double)>& f, double a, double b);

}  // namespace plumb::theory
