// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <optional>

#include "plumb/diagnose/run_view.h"

namespace plumb {

/// The values that an activation can give.
struct OutputRange {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool is_bounded() const;
};

/// The activation whose output the loss reads, with reshapes at most in between.
struct OutputEnd {
  LayerId layer = kNoLayer;  ///< none, where a layer with weights or anything else stands there
  std::optional<OutputRange> range;  ///< absent where it is not known
};

/// By the names of theory::make_activation; a softmax is one too. What passes everything is none.
OutputEnd output_end(const RunInfo& info);

/// The loss grows with the distance of outputs and targets: mse, l1, smooth_l1, huber.
bool is_loss_of_distance(const RunInfo& info);

}  // namespace plumb
