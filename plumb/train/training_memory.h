// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "plumb/nn/graph/network.h"
#include "plumb/optim/optimiser.h"

namespace plumb {

/// What a training keeps in memory beside its data, in bytes, as far as it can be told before it is
/// there. What layers keep for themselves (gates, masks) is not counted, so more may be needed.
struct TrainingMemory {
  std::int64_t parameters = 0;  ///< how many
  double parameter_bytes = 0;
  double output_bytes = 0;     ///< of all layers, for one batch
  double optimiser_bytes = 0;  ///< its moments: one number a parameter, two of adam and adamw

  double total() const { return parameter_bytes + output_bytes + optimiser_bytes; }
};

TrainingMemory training_memory(const Network& network, std::int64_t batch,
                               const OptimiserConfig& optimiser);

/// "network: 3010002 parameters; parameters 12.0 MB, outputs of a batch of 500 6.0 MB, adam 24.1
/// MB"
std::string memory_text(const TrainingMemory& memory, std::int64_t batch,
                        const OptimiserConfig& optimiser);

}  // namespace plumb
