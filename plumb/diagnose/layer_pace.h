// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "plumb/flow/ledger.h"
#include "plumb/flow/step_index.h"

namespace plumb {

/// How fast one layer moves in one step, as a fraction of its weight.
struct LayerPace {
  LayerId layer = kNoLayer;
  ParamId param = kNoParam;  ///< of a recurrent layer: which of its weights is meant
  /// log2 of rms(update) / rms(weight), all of the update.
  double log2_update = 0;
  /// The same without what weight decay alone explains; -infinity for a layer that only decays.
  double log2_learning = 0;
  /// log2 rms of the update, of the gradient as the optimiser gets it (clipped by norm) and of the
  /// weight; NaN where not recorded.
  double log2_step = 0;
  double log2_gradient = 0;
  double log2_weight = 0;
};

/// The floor of a weight's size, log2 of half of 1/sqrt(fan_in): one that started at zero has
/// arrived when it is that large. -infinity where fan_in is not known (0).
double log2_weight_floor(std::int64_t fan_in);

/// Of every linear layer whose update was recorded, in the order of the profile, then of every
/// recurrent one by that of its weights which moves most; empty for a step at rate 0 or without
/// updates. A layer whose weight is frozen has no pace.
///
/// Floor      A weight below log2_weight_floor, as one that starts at zero, counts as that large:
///            measured against itself every step of it would be infinite.
/// Decay      The decay's share of an update is learning_rate * c * rms(weight), with c from
///            weight_decay_norm and the size of all parameters but the biases. Where it explains
///            the update to 5 %, learning is what the gradient itself would do at this rate, so
///            that weight decay never passes for a gradient of the loss (He et al. 2015, footnote
///            2).
std::vector<LayerPace> layer_paces(const RunInfo& info, const StepRecord& step,
                                   const std::vector<FlowPoint>& profile, const StepIndex& index);

/// weight_decay of the optimiser, as the step shows it: the decay term's norm over that of the
/// weights that decay; as the optimiser says it where no term was told, as in runs that were
/// watched; 0 without decay. Update and decay: learning_rate * this, of the weight.
double decay_of(const RunInfo& info, const StepRecord& step);

}  // namespace plumb
