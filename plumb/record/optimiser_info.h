// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace plumb {

/// What changes the parameters, and what stands between the gradient and the change. Zero is off.
struct OptimiserInfo {
  std::string kind;     ///< "sgd", "adam": as RunInfo::optimiser
  double momentum = 0;  ///< of sgd and rmsprop; beta1 of the adam kind
  bool nesterov = false;
  double beta2 = 0;  ///< decay of the squares; rmsprop's rho
  double eps = 0;
  double weight_decay = 0;
  bool is_decay_decoupled = false;  ///< as adamw has it
  double clip_norm = 0;
  double clip_value = 0;
  double learning_rate = 0;  ///< that was asked for; of a step: StepRecord::learning_rate
  std::string schedule;      ///< "constant", "cosine" ...
  std::int64_t warmup_steps = 0;
  /// Whether an update is the gradient over its own size (adam, rmsprop), so that it hardly depends
  /// on how large the gradient is.
  bool is_adaptive() const { return beta2 > 0; }
  friend bool operator==(const OptimiserInfo&, const OptimiserInfo&) = default;
};

}  // namespace plumb
