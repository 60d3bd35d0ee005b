// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "plumb/nn/graph/network.h"

namespace plumb {

/// Replaces every parameter and every running statistic by the array of its name ("0.weight",
/// "5.0.bias", "1.running_mean") from an NPZ or safetensors file, as numpy.savez(path,
/// **state_dict) of a torch.nn.Sequential writes it. Other arrays of the file (num_batches_tracked)
/// are left alone, so what `plumb probe
/// --save-tensors` wrote loads too.
///
/// Where the names differ ("fc1.weight"), the arrays are taken in their order: the n-th of one role
/// (what follows the last point: weight, bias, running_mean) and shape is the n-th of the network,
/// if there are as many of each. The order is that of the file, or, if its names are sorted by
/// bytes (as safetensors does), that of the names with numbers by value. A note then says which was
/// taken for which. Another note names arrays that nothing was made of, but for those of
/// --save-tensors and of checkpoints. The answer is empty where there is nothing to say.
/// Errors  DataError naming everything that is missing and all shapes that differ, at once, and what
///         the file has; a value that is not finite, in the file or in the network's precision; those
///         of read_arrays().
std::vector<std::string> load_weights(Network& network, const std::string& path);

/// Every parameter and every running statistic under its name.
std::vector<std::pair<std::string, ConstView>> weights_of(const Network& network);

/// Writes every parameter and every running statistic under its name, as safetensors if the file is
/// called *.safetensors, else as NPZ.
void save_weights(const Network& network, const std::string& path);

}  // namespace plumb
