// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "plumb/flow/layer_graph.h"
#include "plumb/flow/step_index.h"
#include "plumb/record/finding.h"

namespace plumb {

/// By layer: the parameters that it owns.
using OwnedParams = std::vector<std::vector<ParamId>>;
OwnedParams owned_params(const RunInfo& info);

/// The first value that is not finite, in the order of computation.
struct NonFiniteOrigin {
  CauseKind cause = CauseKind::unknown;
  Place place;
  std::uint64_t nonfinite_count = 0;  ///< 0 for the loss, which has no sketch
  std::uint64_t value_count = 0;
};

/// Of one measured step; nothing if all sketches and the loss are finite. A step whose gradients
/// were dropped (StepRecord::skipped) is judged by its forward pass alone: a scaled loss finds its
/// scale by overflowing now and then.
std::optional<NonFiniteOrigin> nonfinite_origin(const LayerGraph& graph, const OwnedParams& params,
                                                const StepIndex& index);

/// What non_finite needs to know of all steps: kept as they come.
struct NonFiniteHistory {
  struct Step {
    std::int64_t step = 0;
    bool finite_loss = true;
  };
  std::optional<Step> first;                  ///< that has a NaN or an infinity
  std::optional<Step> last;                   ///< likewise
  std::optional<NonFiniteOrigin> at;          ///< by the first measured step that shows it
  Step shown_by;                              ///< that step
  std::optional<std::int64_t> finite_before;  ///< the last measured step before `first`
  Place largest;                              ///< where its largest magnitude was
  double log2_largest = 0;

  /// `index` is null for a step that was not measured.
  void add(const LayerGraph& graph, const OwnedParams& params, const StepRecord& step,
           const StepIndex* index);
};

}  // namespace plumb
