// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/core/time_quantity.h"
#include "plumb/core/view.h"

namespace plumb {

/// Watches the passes of recurrent layers step by step. It must not change what it sees.
///
/// Threads Called from the thread that runs the pass.
class TimeObserver {
 public:
  virtual ~TimeObserver() = default;
  /// values: [batch, hidden] at time step t (0 is the first of the input); true value =
  /// values * 2^log2_scale. `reverse` tells the second direction of a bidirectional layer. The
  /// layer that runs is known to whoever observes the pass (PassObserver): states and gates are
  /// told in its forward pass or in its backward pass, gradients and parts in the backward pass.
  virtual void on_time_step(std::int64_t t, bool reverse, TimeQuantity quantity, ConstView values,
                            int log2_scale) = 0;
};

}  // namespace plumb
