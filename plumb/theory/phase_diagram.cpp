// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/phase_diagram.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "plumb/core/error.h"

namespace plumb::theory {

namespace {

std::vector<double> spaced(double low, double high, int count) {
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(low + (high - low) * i / (count - 1));
  return values;
}

void check_range(const char* name, double low, double high, int count) {
  if (low >= 0 && low < high && std::isfinite(high) && count >= 2 && count <= 2000) return;
  throw SpecError("phase diagram: " + std::string(name) + " from " + std::to_string(low) + " to " +
                  std::to_string(high) + " in " + std::to_string(count) +
                  " steps, expected 0 <= MIN < MAX and 2 to 2000 steps");
}

}  // namespace

double default_weight_max(const MomentGrid& grid, double bias_max) {
  double largest = 0;
  for (const double bias_std : {0.0, bias_max}) {
    for (const CriticalPoint& point : critical_points(grid, bias_std)) {
      largest = std::max(largest, point.scale.weight_std);
    }
  }
  return largest > 0 ? 2 * largest : 4;
}

PhaseDiagram phase_diagram(const MomentGrid& grid, const DiagramRange& range, double start) {
  check_range("weight std", range.weight_min, range.weight_max, range.columns);
  check_range("bias std", range.bias_min, range.bias_max, range.rows);
  PhaseDiagram result;
  result.weight_std = spaced(range.weight_min, range.weight_max, range.columns);
  result.bias_std = spaced(range.bias_min, range.bias_max, range.rows);
  for (const double bias_std : result.bias_std) {
    auto& row = result.log_chi1.emplace_back();
    for (const double weight_std : result.weight_std) {
      row.push_back(std::log(reached_length(grid, {weight_std, bias_std}, start).chi1));
    }
    const auto points = critical_points(grid, bias_std);
    result.line.insert(result.line.end(), points.begin(), points.end());
  }
  return result;
}

}  // namespace plumb::theory
