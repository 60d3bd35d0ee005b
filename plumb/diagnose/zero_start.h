// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <unordered_set>
#include <vector>

#include "plumb/flow/ledger.h"
#include "plumb/record/run_info.h"

namespace plumb {

/// The layers of one measured step that started at zero and are on their way from there, as the
/// output layer and the ends of the branches of a network that Fixup started (docs/math/
/// initialisers.md). What such a layer keeps from those below it for some steps is no sickness.
///
/// Waking     The weight was zero everywhere in the first measured step, and now either it still is
///            and leaves zero by the next measured step (in the last one: its own gradient is not
///            zero, and was in the step before), or it is larger than in the step before and below log2_weight_floor
///            (layer_pace.h). One that stays at zero, or stops growing while it is that
///            small, is not waking.
/// Behind     Layers that have a waking one between themselves and the loss: in front of it on the
///            same chain, or inside a residual block in front of it.
struct WakingLayers {
  std::unordered_set<std::string_view> waking;  ///< by path, of the RunInfo's strings
  std::unordered_set<std::string_view> behind;
};

/// One for each measured step. `profiles` has the flow_profile of each.
std::vector<WakingLayers> find_waking(const RunInfo& info,
                                      const std::vector<std::vector<FlowPoint>>& profiles);

}  // namespace plumb
