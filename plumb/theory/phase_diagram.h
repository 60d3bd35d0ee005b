// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "plumb/theory/critical.h"
#include "plumb/theory/mean_field.h"

namespace plumb::theory {

/// Which scales the diagram covers: columns of weight_std and rows of bias_std, evenly spaced, the
/// ends included.
struct DiagramRange {
  double weight_min = 0;
  double weight_max = 0;
  double bias_min = 0;
  double bias_max = 1;
  int columns = 61;
  int rows = 21;
};

/// Twice the largest stable critical weight_std at the two bias ends, or 4 where there is none.
double default_weight_max(const MomentGrid& grid, double bias_max);

/// ln chi1 at the length that each pair of scales reaches from `start`: negative ordered, positive
/// chaotic, -infinity where nothing comes through.
struct PhaseDiagram {
  std::vector<double> weight_std;             ///< of the columns, ascending
  std::vector<double> bias_std;               ///< of the rows, ascending
  std::vector<std::vector<double>> log_chi1;  ///< [row][column]
  std::vector<CriticalPoint> line;  ///< the edge of chaos at each row's bias_std, all of them
};

/// Errors  SpecError for a range that is empty, not finite, negative, or of fewer than 2 columns or rows.
PhaseDiagram phase_diagram(const MomentGrid& grid, const DiagramRange& range, double start = 1);

}  // namespace plumb::theory
