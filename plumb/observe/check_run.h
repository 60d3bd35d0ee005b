// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "plumb/record/run.h"

namespace plumb {

/// What is wrong with a run, or missing from it, as a sentence each; empty if every part of the
/// diagnosis has what it needs. For whoever writes a producer.
///
///   layer 'fc1' reads layer 7, which is not there
///   step 0: no grad_z of 'fc1'
///   step 0: no weight of 'fc1.weight': the books cannot split what the layer does
///   step 0 and 3 more: no join at 'x', which 'fc1' and 'sum' read
///
/// First the graph, then the records against it, each thing once with the first step that shows it.
/// A gradient is missed only where one can come: on a way to an output, above a parameter that is
/// trained.
/// Errors  None: what is wrong is in the list.
std::vector<std::string> check_run(const Run& run);

/// The graph alone: before the first step.
std::vector<std::string> check_graph(const RunInfo& info);

}  // namespace plumb
