// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace plumb::theory {

/// The correlation of two inputs behind a layer of leaky relus of slope a, of the gain that keeps
/// lengths, sqrt(2 / (1 + a^2)):
///   C(c) = c + (1 - a)^2 / (pi (1 + a^2)) (sqrt(1 - c^2) - c arccos c)
/// Source  Zhang, Botev, Martens 2022, arXiv:2203.08120, section 4 (there for C(0) of the whole
///         network, as here); the map itself is that of correlation_map.h in closed form.
double leaky_relu_correlation(double slope, double c);

/// The slope at which `layers` such maps, applied to 0, give `target`. 0 where plain relu (slope 0)
/// stays below it already.
/// Accuracy 1e-12.
double tailored_slope(int layers, double target);
double leaky_relu_gain(double slope);

}  // namespace plumb::theory
