// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/nn/network.h"

namespace plumb {

/// Replaces every parameter and every running statistic by the array of its name ("0.weight",
/// "5.0.bias", "1.running_mean") from an NPZ file, as numpy.savez(path, **state_dict) of a
/// torch.nn.Sequential writes it.
/// Other arrays of the file (num_batches_tracked) are left alone, so what `plumb probe
/// --save-tensors` wrote loads too.
/// Errors  DataError naming everything that is missing and all shapes that differ, at once.
void load_weights(Network& network, const std::string& path);

/// Writes every parameter and every running statistic under its name.
void save_weights(const Network& network, const std::string& path);

}  // namespace plumb
