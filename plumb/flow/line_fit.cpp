// SPDX-License-Identifier: Apache-2.0
#include "plumb/flow/line_fit.h"

#include <cstddef>
#include <limits>

namespace plumb {

LineFit fit_line(std::span<const double> x, std::span<const double> y) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  LineFit fit{kNaN, kNaN};
  if (x.size() < 2) return fit;
  const double n = static_cast<double>(x.size());
  double mean_x = 0;
  double mean_y = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    mean_x += x[i] / n;
    mean_y += y[i] / n;
  }
  double xx = 0;
  double xy = 0;
  double yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double dx = x[i] - mean_x;
    const double dy = y[i] - mean_y;
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  }
  if (xx == 0) return fit;
  fit.slope = xy / xx;
  if (x.size() >= 3) fit.r_squared = yy == 0 ? 1.0 : xy * xy / (xx * yy);
  return fit;
}

}  // namespace plumb
