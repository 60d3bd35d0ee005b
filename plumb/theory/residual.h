// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "plumb/theory/activation_function.h"
#include "plumb/theory/length_map.h"

namespace plumb::theory {

/// Growth of the squared norm of signal and gradient through `blocks` blocks x + a W2 relu(W1 x)
/// with variances 2 / n and 1 / n: (1 + a^2)^blocks, exact at any width. Any branch that keeps the
/// squared norm in the mean gives the same.
double residual_growth(double branch_scale, double blocks);

/// A chain of blocks x' = x + f(W x + b) (Yang and Schoenholz's "reduced" residual network).
///
///   q_l = weight_std^2 p_{l-1} + bias_std^2,   p_l = p_{l-1} + E f^2 + 2 m_{l-1} E f,   m_l = m_{l-1} + E f
///   ln of the squared gradient, l blocks down: sum of ln(1 + weight_std^2 E f'(sqrt(q_l) z)^2)
///
/// With f = tanh both grow sub-exponentially: ln(gradient) / sqrt(l) -> weight_std (8/3) / sqrt(2
/// pi).
/// Source  Yang and Schoenholz 2017, arXiv:1712.08969; the mean m is ours, for activations that are not odd.
struct ResidualChain {
  std::vector<double> length;      ///< p_l = E x^2, [0] is the start
  std::vector<double> log_growth;  ///< ln of the ratio of squared gradient norms over l blocks
};
/// Errors  SpecError for scales that are negative or not finite.
ResidualChain iterate_residual(const ActivationFunction& activation, const InitScale& scale,
                               double start, int blocks);

/// Fixup: the factor of the branch layers but the last (which starts at 0), blocks^(-1/(2 m - 2))
/// for branches of m layers.
/// Errors  SpecError for fewer than 2 layers in a branch or no block.
/// Source  Zhang, Dauphin, Ma 2019, arXiv:1901.09321, section 3.
double fixup_scale(int blocks, int branch_layers);

/// DeepNorm, x <- LN(alpha x + G(x)) with the weights of the branch scaled by beta.
/// Source  Wang et al. 2022, arXiv:2203.00555, figure 2.
struct DeepNorm {
  double alpha = 1;
  double beta = 1;
};
DeepNorm deep_norm(int layers);  ///< encoder alone or decoder alone
DeepNorm deep_norm_encoder(int encoder_layers, int decoder_layers);
DeepNorm deep_norm_decoder(int decoder_layers);

}  // namespace plumb::theory
