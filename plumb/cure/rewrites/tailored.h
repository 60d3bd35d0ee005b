// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/cure/rewrite.h"

namespace plumb {

/// The correlation of two inputs behind a layer of leaky relus of slope a, of the gain that keeps
/// lengths, sqrt(2 / (1 + a^2)):
///   C(c) = c + (1 - a)^2 / (pi (1 + a^2)) (sqrt(1 - c^2) - c arccos c)
/// Source  Zhang, Botev, Martens 2022, arXiv:2203.08120, section 4 (there for C(0) of the whole
///         network, as here); the map itself is that of theory/correlation_map in closed form.
double leaky_relu_correlation(double slope, double c);

/// The slope at which `layers` such maps, applied to 0, give `target`. 0 where plain relu (slope 0)
/// stays below it already.
/// Accuracy 1e-12.
double tailored_slope(int layers, double target);
double leaky_relu_gain(double slope);

/// Hidden activations become leaky_relu of the slope at which orthogonal inputs end at a
/// correlation of `correlation` (0.9), the start orthogonal (delta_orthogonal) with its gain,
/// biases 0. A deep chain without joins or normalisation then tells its inputs apart, and passes
/// the gradient.
/// Applies  to chains of at least 8 activations without residual blocks, normalisation or recurrent
///          layers, whose hidden activations are not tailored already.
/// Source   as above.
Rewritten tailor_activation(const Patient& patient, const CureArguments& arguments);

}  // namespace plumb
