// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace plumb {

/// What is known of an elementwise activation f, by whoever produced the record: our engine takes
/// it from the one table of activations, an attach measures it. Absent means not known: a rule that
/// needs a trait that is absent is silent. It never stands for the identity.
struct ActivationTraits {
  std::optional<double> max_derivative;  ///< sup |f'| over the reals
  std::optional<double> low_slope;       ///< limit of f'(z) for z -> -infinity
  std::optional<double> high_slope;      ///< and for z -> +infinity
  /// Bounded on both sides, so that f' goes to 0 for large |z|: only such a layer can saturate.
  /// Half of the derivatives of a healthy relu are 0.
  std::optional<bool> saturates;
  /// f' is exactly 0 on a half line, so that a unit can fall silent for good.
  std::optional<bool> can_die;
  /// f(-z) = -f(z).
  std::optional<bool> odd;
  /// log2 rms f'(z) of a healthy layer, which the critical gain makes good: -1/2 for a relu. 0 for
  /// activations that pass the gradient whole somewhere, and for those, like sigmoid, that should.
  std::optional<double> usual_log2_derivative;
  /// Standard deviation of the weight times sqrt(fan_in) at which gradients neither shrink nor grow
  /// with depth, at zero bias. Absent where there is none worth recommending.
  std::optional<double> critical_gain;
  std::string gain_source;  ///< where the critical gain comes from: "He et al. 2015"

  friend bool operator==(const ActivationTraits&, const ActivationTraits&) = default;
};

}  // namespace plumb
