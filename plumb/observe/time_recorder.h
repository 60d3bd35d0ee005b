// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "plumb/core/time_quantity.h"
#include "plumb/core/view.h"
#include "plumb/observe/mean_square.h"
#include "plumb/observe/observed_view.h"
#include "plumb/record/run_info.h"
#include "plumb/record/step_record.h"

namespace plumb {

/// Gathers what recurrent layers tell time step by time step into TimeRecords: the magnitude of
/// states, gradients and parts, and mean and flat ends of gates (of h too where the layer's facts
/// say that it is the output of a tanh).
///
/// What is recorded of no layer in a forward pass belongs to the one whose output comes next. What
/// is recorded again of a time step, by a further call or pass, is averaged: magnitudes in squares.
/// Speed   One pass over the values of each call.
/// Threads Use one object from one thread. Allocates nothing once it has seen a step like the one
///         it is given.
class TimeRecorder {
 public:
  void begin() { used_ = 0; }
  void tell(LayerId layer, std::int64_t t, bool reverse, TimeQuantity quantity, ConstView values,
            double log2_scale);
  void tell(LayerId layer, std::int64_t t, bool reverse, TimeQuantity quantity,
            const ObservedView& values);
  /// The layer's output is complete: what was recorded of no layer is of it.
  void on_output(LayerId layer);
  /// Errors  UsageError where something was recorded of no layer and no output came after it.
  void finish(const RunInfo& info, std::vector<TimeRecord>& records);

 private:
  /// The average of a statistic at each time step; MeanSquare::log2_rms is the mean of others.
  using Series = std::vector<MeanSquare>;
  struct Layer {
    LayerId layer = kNoLayer;
    bool reverse = false;
    std::int64_t time_steps = 0;
    std::int64_t units = 0;
    std::array<std::array<Series, kTimeStatisticCount>, kTimeQuantityCount> series;
  };

  Layer& find(LayerId layer, bool reverse);
  void merge(Layer& into, Layer& from);
  void put(Layer& layer, std::int64_t t, TimeQuantity quantity, TimeStatistic statistic,
           const MeanSquare& value);
  void judge_gate(Layer& layer, std::int64_t t, TimeQuantity quantity, ConstView values);

  std::vector<Layer> layers_;
  std::size_t used_ = 0;
  std::vector<float> scratch_;  ///< a gate that does not lie in a row
};

}  // namespace plumb
