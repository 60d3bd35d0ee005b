// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/residual.h"

#include <cmath>
#include <string>

#include "plumb/core/error.h"

namespace plumb::theory {

double residual_growth(double branch_scale, double blocks) {
  return std::exp(blocks * std::log1p(branch_scale * branch_scale));
}

ResidualChain iterate_residual(const ActivationFunction& activation, const InitScale& scale,
                               double start, int blocks) {
  check_scale(scale);
  const double weight_var = scale.weight_std * scale.weight_std;
  ResidualChain chain{{start}, {0}};
  double mean = 0;
  for (int block = 0; block < blocks; ++block) {
    const double length = chain.length.back();
    const double q = weight_var * length + scale.bias_std * scale.bias_std;
    const Moments m = moments(activation, q);
    chain.length.push_back(length + m.value2 + 2 * mean * m.value);
    mean += m.value;
    chain.log_growth.push_back(chain.log_growth.back() + std::log1p(weight_var * m.derivative2));
  }
  return chain;
}

double fixup_scale(int blocks, int branch_layers) {
  if (blocks < 1 || branch_layers < 2) {
    throw SpecError("fixup: " + std::to_string(blocks) + " blocks of " +
                    std::to_string(branch_layers) +
                    " layers, expected at least 1 block of at least 2 layers");
  }
  return std::pow(blocks, -1.0 / (2 * branch_layers - 2));
}

DeepNorm deep_norm(int layers) {
  return {std::pow(2.0 * layers, 0.25), std::pow(8.0 * layers, -0.25)};
}

DeepNorm deep_norm_encoder(int encoder_layers, int decoder_layers) {
  const double size = std::pow(encoder_layers, 4) * decoder_layers;
  return {0.81 * std::pow(size, 1.0 / 16), 0.87 * std::pow(size, -1.0 / 16)};
}

DeepNorm deep_norm_decoder(int decoder_layers) {
  return {std::pow(3.0 * decoder_layers, 0.25), std::pow(12.0 * decoder_layers, -0.25)};
}

}  // namespace plumb::theory
