// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "plumb/flow/layer_graph.h"
#include "plumb/flow/step_index.h"

namespace plumb {

/// What came back by one of the ways through `layer` to the tensor where they meet: its size and
/// its share. Absent if it was not recorded.
///
/// The record of the layer's own ways is taken first (JoinRecord::through): shares are then of what
/// these bring back together. Without it they are of all that meets at the tensor, and a way that
/// begins with a layer of several inputs (an attention behind nothing, a block that begins the
/// branch of another) reads the tensor more than once: what it sends back is the sum s of what its
/// readers do. Of g = s + c with one other way c, |s|^2 = |g|^2 - 2 <c, g> + |c|^2, and <c, g> is
/// known by the share of c. With more than one other way the size is NaN.
std::optional<JoinWay> way_gradient(const LayerGraph& graph, const StepIndex& index, LayerId layer,
                                    const LayerGraph::WayThrough& way);

/// Whether nothing reads `below`, the tensor where the ways through `layer` meet, beside them.
bool is_all_that_reads(const LayerGraph& graph, LayerId layer, LayerId below);

/// log2 rms of what all ways through `layer` bring back together: its own ways' where they were
/// recorded, else the gradient of the tensor where they meet if nothing beside them reads it. NaN
/// where neither is so.
double log2_of_all_ways(const LayerGraph& graph, const StepIndex& index, LayerId layer);

}  // namespace plumb
