// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "plumb/record/run_info.h"

namespace plumb {

/// Whether runs can be those of the ranks of one training, by what was asked of them: they have the
/// same kind, network, loss, precision and optimiser, with all of its numbers. What may differ
/// between ranks, and should be known, is told in words: batches of several sizes, and settings of
/// the producer's own (which steps are measured). Seeds, threads, machines and the data's names are
/// each rank's own business.
///
/// names: of the runs, for messages; as many as ranks.
/// Errors  StoreError that names the run, the setting and both values.
std::vector<std::string> compare_rank_settings(std::span<const RunInfo> ranks,
                                               std::span<const std::string> names);

}  // namespace plumb
