// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "plumb/record/layer_info.h"

namespace plumb {

/// What the rules must know of an activation to tell a normal loss from a sick one.
struct ActivationFacts {
  /// Bounded on both sides, so that f' goes to 0 for large |z|. Only such a layer can saturate:
  /// half of the derivatives of a healthy relu are 0.
  bool saturates = false;
  /// f' is exactly 0 on a half line, so that a unit can fall silent for good.
  bool can_die = false;
  /// log2 rms f'(z) of a healthy layer, which the critical gain makes good: -1/2 for a relu. 0 for
  /// activations that pass the gradient whole somewhere, and for those, like sigmoid, that should.
  double expected_log2_derivative = 0;
  /// Standard deviation of the weight times sqrt(fan_in) at which gradients neither shrink nor grow
  /// with depth; 0 if there is none worth recommending.
  double critical_gain = 1;
  std::string_view gain_source;
};

/// Of an activation layer; the facts of the identity for a kind that is not known.
/// Source     critical gains at zero bias: He et al. 2015 eq. 10 and 15 (relu, leaky_relu); mean
///            field, chi_1 = 1 (Schoenholz et al. 2017) for tanh, elu and sigmoid; Klambauer et al.
///            2017 (selu); the half-stable points of Roberts, Yaida and Hanin 2022 for gelu and
///            silu, which need a bias as well.
ActivationFacts activation_facts(const LayerInfo& layer);

}  // namespace plumb
