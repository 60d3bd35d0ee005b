// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "plumb/flow/layer_graph.h"
#include "plumb/flow/step_index.h"
#include "plumb/record/run.h"

namespace plumb {

/// What came back to the input of one residual block of a step, and by which way. NaN where it was
/// not told.
struct JoinLine {
  LayerId layer = kNoLayer;  ///< the sum
  int first_layer = 0;       ///< depth of the first linear layer inside; 0 without one
  int last_layer = 0;
  double log2_branch = 0;
  double log2_shortcut = 0;
  double cosine = 0;  ///< of the angle between branch and shortcut; NaN where one is zero
  double log2_gate = std::numeric_limits<double>::quiet_NaN();  ///< of a highway, as the next
  double carried_mean = std::numeric_limits<double>::quiet_NaN();
};

/// One line for each residual block that was measured, input side first.
std::vector<JoinLine> make_join_lines(const LayerGraph& graph, const StepIndex& index);

struct JoinTableOptions {
  int width = 80;
  int max_blocks = 12;  ///< more are thinned out evenly, the first and the last kept
  bool books = false;   ///< below each block what its layers did
};

/// The same for the terminal: a heading, one line a block, and with `books` the ledger of its
/// branch, its shortcut and its gate, indented, a line for each cause. Nothing where there is no
/// block. Plain ASCII text that fits into `width` from 60 columns on; nothing is cut.
std::vector<std::string> render_joins(const Run& run, const StepRecord& step,
                                      const JoinTableOptions& options);

}  // namespace plumb
