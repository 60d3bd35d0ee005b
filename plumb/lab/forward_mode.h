// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "plumb/nn/graph/network.h"

namespace plumb::lab {

/// Forward-mode differentiation of a chain: how the output moves when all parameters move along
/// `direction` (one vector for each of params(), in their order, in double).
///
///   dense       dy = W dx + dW x + db
///   activation  dy = f'(x) dx
///
/// It walks from the input to the output and never backwards, with loops of its own: what it says
/// is independent of backpropagation. The network must just have run forward, in double, and have
/// dense layers and activations alone.
std::vector<double> forward_mode(const Network& network,
                                 std::span<const std::vector<double>> direction);

}  // namespace plumb::lab
