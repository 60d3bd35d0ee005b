// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "plumb/flow/ledger.h"

namespace plumb {

/// The layers of one measured step that started at zero and are on their way from there, as the
/// output layer and the ends of the branches of a network that Fixup started (docs/math/
/// initialisers.md). What such a layer keeps from those below it for some steps is no sickness.
///
/// Layers     The weight was zero everywhere in the first measured step that has it, and now either
///            it still is and leaves zero by the next measured step (in the last one: its own
///            gradient is not zero, and was in the step before), or it is larger than in the step
///            before and below log2_weight_floor (layer_pace.h). One that stays at zero, or stops
///            growing while it is that small, is not leaving zero.
/// Upstream   Layers that have such a one between themselves and the loss: in front of it on the
///            same chain, or inside a residual block in front of it.
struct LeavingZero {
  std::vector<LayerId> layers;    ///< ascending
  std::vector<LayerId> upstream;  ///< ascending

  bool is_leaving(LayerId layer) const;
  bool is_upstream(LayerId layer) const;
  friend bool operator==(const LeavingZero&, const LeavingZero&) = default;
};

/// Follows the weights that started at zero from one measured step to the next. Whether a weight
/// that is still zero is leaving it is known for good by the step after it alone.
class ZeroStart {
 public:
  /// Takes the profile of the next measured step.
  void add(const LayerGraph& graph, const std::vector<FlowPoint>& profile);
  /// Of the step before the last one, for good.
  LeavingZero before_last(const LayerGraph& graph) const;
  /// Of the last one, as far as is known.
  LeavingZero last(const LayerGraph& graph) const;
  /// Those whose weight was zero everywhere when it was first recorded, ascending.
  std::vector<LayerId> started_at_zero() const;

 private:
  struct Sizes {
    double log2_weight;
    double log2_grad_weight;
  };
  struct Followed {
    LayerId layer;
    double log2_floor;
    std::vector<Sizes> latest;  ///< of the last three measured steps at most, the latest last
  };
  template <class Judge>
  LeavingZero collect(const LayerGraph& graph, Judge judge) const;

  std::vector<bool> seen_;  ///< by layer: its weight was recorded once
  std::vector<Followed> followed_;
};

}  // namespace plumb
