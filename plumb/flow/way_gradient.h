// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "plumb/flow/layer_graph.h"
#include "plumb/flow/step_index.h"

namespace plumb {

/// What came back by one of the ways through `layer` to the tensor where they meet: its size and
/// its share of all that meets there. Absent if it was not told.
///
/// A way that begins with a layer of several inputs (an attention behind nothing, a block that
/// begins the branch of another) reads the tensor more than once, and what it sends back is the sum
/// s of what its readers do: of g = s + c with one other way c, |s|^2 = |g|^2 - 2 <c, g> + |c|^2,
/// and <c, g> is known by the share of c. With more than one other way the size is NaN.
std::optional<JoinWay> way_gradient(const LayerGraph& graph, const StepIndex& index, LayerId layer,
                                    const LayerGraph::WayThrough& way);

}  // namespace plumb
