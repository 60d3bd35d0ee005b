// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/nn/graph/network.h"
#include "plumb/record/run_info.h"

namespace plumb {

/// The graph of a network as records see it: the input is layer 0, every node is the layer of its
/// Node::id, every residual node a block with the layers inside it, and parameters have the order
/// of Network::params(). Sizes are those of the network's plan.
///
/// A residual node reads the end of its branch, what the shortcut gives (the main way) and, of a
/// highway, the gate, in this order.
void describe_graph(const Network& network, RunInfo& info);

}  // namespace plumb
