// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "plumb/diagnose/run_view.h"

namespace plumb {

/// A loss that is the sum over the batch, where the mean was meant: its gradient, and so the rate,
/// is as many times larger as a batch has samples.
struct SummedLoss {
  double ratio = 0;          ///< the first loss over that of one sample answered without a look
  std::int64_t samples = 0;  ///< of the batch
};

/// Told by the first step of a network that answers next to nothing yet (outputs of rms kUnsure and
/// less, so that no single sample can have a loss far from that of a constant answer): the loss is
/// within a factor of kNear of the constant answer's times the number of samples, of kFewSamples at
/// least. The constant answer's is baseline_loss(), else log(outputs) of a layer of several.
/// Nothing where the outputs were not recorded, or the loss is not that of classes.
std::optional<SummedLoss> summed_loss(const RunView& view);

}  // namespace plumb
