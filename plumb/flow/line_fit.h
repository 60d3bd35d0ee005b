// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

namespace plumb {

/// y = intercept + slope * x by least squares.
struct LineFit {
  double slope = 0;      ///< NaN with fewer than 2 points or where all x are the same
  double r_squared = 0;  ///< NaN with fewer than 3 points; 1 where all y are the same
};
LineFit fit_line(std::span<const double> x, std::span<const double> y);

}  // namespace plumb
