// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/chain_profile.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "plumb/core/error.h"
#include "plumb/theory/finite_width.h"

namespace plumb::theory {

namespace {

// The shift of the logarithm by one layer, in log2 of the square. relu alone is known exactly.
double typical_shift(const ChainLayer& layer, const Moments& m) {
  if (m.derivative2 == 0) return 0;  // nothing comes through
  const bool is_relu = layer.activation && layer.activation->name == "relu";
  const LogFactor factor = is_relu ? relu_log_factor(layer.units) : log_factor(m, layer.units);
  return factor.mean / std::numbers::ln2;
}

Moments moments_after(const ChainLayer& layer, double q) {
  static const ActivationFunction identity = make_activation("identity");
  return moments(layer.activation ? *layer.activation : identity, q);
}

}  // namespace

std::vector<ProfilePoint> predict_profile(std::span<const ChainLayer> layers,
                                          const ProfileAnchor& anchor) {
  const std::size_t count = layers.size();
  std::vector<ProfilePoint> points(count);
  std::vector<Moments> after(count);
  std::vector<double> log2_input(count);  // mean square of what goes into the layer
  double q = anchor.q_first;
  for (std::size_t l = 0; l < count; ++l) {
    const ChainLayer& layer = layers[l];
    if (layer.fan_in < 1 || layer.units < 1) {
      throw SpecError("profile: layer " + std::to_string(l + 1) + " has " +
                      std::to_string(layer.fan_in) + " inputs and " + std::to_string(layer.units) +
                      " units, expected at least 1 of each");
    }
    const double gain = static_cast<double>(layer.fan_in) * layer.weight_variance;
    if (l > 0) q = gain * after[l - 1].value2 + layer.bias_variance;
    const double input = l > 0 ? after[l - 1].value2 : (q - layer.bias_variance) / gain;
    log2_input[l] = std::log2(std::max(0.0, input));
    after[l] = moments_after(layer, q);
    points[l].log2_z = std::log2(q) / 2;
  }

  double mean = 2 * anchor.log2_grad_z_last;  // of the square
  double shift = 0;
  for (std::size_t l = count; l-- > 0;) {
    if (l + 1 < count) {
      const ChainLayer& above = layers[l + 1];
      const double units = static_cast<double>(above.units);
      mean += std::log2(units * above.weight_variance * after[l].derivative2);
      shift += typical_shift(layers[l], after[l]);
    }
    points[l].log2_grad_z_mean = mean / 2;
    points[l].log2_grad_z = (mean + shift) / 2;
  }
  for (std::size_t l = 0; l < count; ++l) {
    points[l].log2_grad_weight = anchor.log2_grad_weight_last +
                                 (points[l].log2_grad_z - points[count - 1].log2_grad_z) +
                                 (log2_input[l] - log2_input[count - 1]) / 2;
  }
  return points;
}

}  // namespace plumb::theory
