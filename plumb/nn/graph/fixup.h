// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_map>

#include "plumb/nn/graph/chain.h"

namespace plumb {

/// What Fixup multiplies the He weights of the linear layers with, by path; layers that are not
/// named keep theirs.
///
/// In a network of L residual blocks, the last linear layer of each branch and the last one of the
/// network start at 0, the other m - 1 of a branch at L^(-1 / (2 m - 2)) of their size. A block
/// inside a block counts as one of the L, and its layers are not among the m of the outer one.
/// Source  Zhang, Dauphin, Ma 2019, arXiv:1901.09321, section 3, steps 1 and 2. Their step 3, a scale
///         of 1 in each branch and scalar biases, is `res alpha=1[...]` and the biases of the layers.
std::unordered_map<std::string, double> fixup_factors(const NodeChain& nodes);

}  // namespace plumb
