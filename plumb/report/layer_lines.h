// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "plumb/flow/ledger.h"
#include "plumb/record/run.h"

namespace plumb {

/// What the reports say about one linear layer in one step: its point of the profile and what the
/// activation that follows it did.
struct LayerLine {
  FlowPoint flow;
  std::string text;  ///< "dense 128"; "gate: dense 128" beside a residual block's branch
  LayerId activation = kNoLayer;  ///< the first one behind it, before the next linear layer
  bool nonfinite = false;         ///< its flow or parameter gradient holds a NaN or an infinity
  double saturated_fraction = std::numeric_limits<double>::quiet_NaN();  ///< NaN: not measured
  double dead_fraction = std::numeric_limits<double>::quiet_NaN();
};

/// One line for each linear layer, input side first, as flow_profile orders them.
std::vector<LayerLine> make_layer_lines(const LayerGraph& graph, const StepIndex& index);
std::vector<LayerLine> make_layer_lines(const RunInfo& info, const StepRecord& step);

/// Which of many lines to show, ascending: the first, the last, the one with the smallest gradient,
/// those in `keep` (while there is room), and an even selection of the rest.
std::vector<std::size_t> select_lines(const std::vector<LayerLine>& lines, std::size_t at_most,
                                      std::span<const LayerId> keep);

}  // namespace plumb
