// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "plumb/kernels/derivative_scan.h"
#include "plumb/observe/observed_view.h"
#include "plumb/record/run_info.h"
#include "plumb/record/step_record.h"
#include "plumb/stats/activity_window.h"

namespace plumb {

/// Judges the derivative f' of activation layers: of one step over all calls and passes together,
/// and whether units were silent over a window of the latest steps.
///
/// Where sup |f'| of a layer is not known, saturated_fraction is NaN.
/// Errors  UsageError where a layer has another number of units than before, or a mask differs
///         between the units of one sample.
/// Threads Use one object from one thread. Allocates nothing once it has seen a step like the one
///         it is given.
class ActivationRecorder {
 public:
  explicit ActivationRecorder(std::int64_t window_steps) : window_steps_(window_steps) {}

  void begin(const RunInfo& info, std::int64_t step);
  /// What counts as saturated in the layer: an |f'| below it. 0 where that is not known.
  double limit(LayerId layer) const;
  /// f' of a batch, or of a part of one.
  void add(LayerId layer, ConstView derivative);
  void add(LayerId layer, const ObservedView& derivative);
  /// A batch [sample, ...] of that shape whose derivatives were judged where they were made, with
  /// limit(); the scan must have is_usual.
  void add(LayerId layer, const Shape& shape, const DerivativeScan& scan);
  /// A batch that was counted elsewhere, with limit().
  void add(LayerId layer, const DerivativeCounts& counts);
  void finish(std::vector<ActivationRecord>& records);

 private:
  struct State {
    std::int64_t begun = -1;  ///< with which begin() the layer was recorded last
    std::int64_t units = 0;
    std::optional<ActivityWindow> window;
    DerivativeStats stats;  ///< of this step
  };
  State& state(LayerId layer, std::int64_t units);
  void add_kept(State& to, const ObservedView& sample, double limit);

  std::int64_t window_steps_;
  const RunInfo* info_ = nullptr;
  std::int64_t step_ = 0;
  std::int64_t begun_ = 0;         ///< calls of begin()
  std::vector<State> states_;      ///< by layer
  std::vector<LayerId> recorded_;  ///< in this step, in order
  std::vector<float> scratch_;     ///< what counts of a sample with padding
};

}  // namespace plumb
