// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "plumb/record/run.h"

namespace plumb {

/// What came back to the input of one residual block of a step, and by which way.
struct JoinLine {
  std::string path;
  std::string kind;     ///< "res", "highway"
  int first_layer = 0;  ///< depth of the first linear layer inside; 0 without one
  int last_layer = 0;
  JoinRecord join;
};

/// One line for each residual block that was measured, input side first.
std::vector<JoinLine> make_join_lines(const RunInfo& info, const StepRecord& step);

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
