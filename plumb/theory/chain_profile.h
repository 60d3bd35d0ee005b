// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "plumb/theory/activation_function.h"

namespace plumb::theory {

/// A linear layer of a chain, z = W x + b, and the activation behind it (none: the identity).
struct ChainLayer {
  std::int64_t fan_in = 0;
  std::int64_t units = 0;
  double weight_variance = 0;  ///< of one entry
  double bias_variance = 0;
  std::optional<ActivationFunction> activation;
};

/// Where theory is tied to what was measured: it predicts ratios from here on.
struct ProfileAnchor {
  double q_first = 1;                ///< mean square of z of the first layer
  double log2_grad_z_last = 0;       ///< log2 rms of dLoss/dz of the last layer
  double log2_grad_weight_last = 0;  ///< log2 rms of dLoss/dweight of the last layer
};

/// What theory says of one layer. All log2 of a root mean square.
struct ProfilePoint {
  double log2_z = 0;
  double log2_grad_z = 0;       ///< of a typical network: the mean of the logarithm
  double log2_grad_z_mean = 0;  ///< from the mean of the square over networks, which few reach
  double log2_grad_weight = 0;  ///< of a typical network
};

/// The profile of a chain at initialisation, any widths: lengths from the first layer up,
///   q_l = fan_in_l Var W_l E f(z_{l-1})^2 + Var b_l,
/// gradients from the last layer down, in mean square,
///   g_l = units_{l+1} Var W_{l+1} E f'(z_l)^2 g_{l+1},
/// and parameter gradients as g_l E f(z_{l-1})^2. The typical network lies below the mean by the
/// log factor of each layer (finite_width.h; exact for relu).
///
/// Limits  Entries independent with mean 0, layers wide. How much the samples of a batch share in
///         direction is taken to be the same at each layer (for the parameter gradients alone).
/// Errors  SpecError for an anchor q that is negative or NaN, or a layer without inputs or units.
/// Source  Glorot and Bengio 2010, eq. 5 and 6; Schoenholz et al. 2017; Hanin 2018.
std::vector<ProfilePoint> predict_profile(std::span<const ChainLayer> layers,
                                          const ProfileAnchor& anchor);

}  // namespace plumb::theory
