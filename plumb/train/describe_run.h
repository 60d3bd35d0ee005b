// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/nn/graph/network.h"
#include "plumb/record/run_info.h"
#include "plumb/train/config.h"

namespace plumb {

/// What a run is: the settings, the optimiser, this machine, this build, and the graph
/// (graph_info.h). The caller adds what it alone knows (loss, baseline, batch, planned steps).
RunInfo describe_run(const TrainConfig& config, const Network& network);

/// "Intel Xeon, 2 threads, AVX3": what the machine calls itself, for the record.
std::string describe_machine();

}  // namespace plumb
