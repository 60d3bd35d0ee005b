// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/flow_bars.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "plumb/report/number_text.h"

namespace plumb {

namespace {

// U+2580 + level: level 1 is the lower eighth, 8 the full block.
std::string vertical_block(int level) {
  return std::string("\xE2\x96") + static_cast<char>(0x80 + level);
}

// U+2590 - eighths: 1 is the left eighth (U+258F), 8 the full block (U+2588).
std::string horizontal_block(int eighths) {
  return std::string("\xE2\x96") + static_cast<char>(0x90 - eighths);
}

// NaN counts as smaller than everything, zero (-inf) as smaller than every gradient.
double worst_of(std::span<const FlowPoint> points) {
  double worst = std::numeric_limits<double>::infinity();
  for (const auto& point : points) {
    if (std::isnan(point.log2_grad_z)) return point.log2_grad_z;
    worst = std::min(worst, point.log2_grad_z);
  }
  return worst;
}

}  // namespace

std::string render_flow_bars(const std::vector<FlowPoint>& profile, const BarOptions& options) {
  if (profile.empty()) return {};
  double top = std::numeric_limits<double>::quiet_NaN();
  for (const auto& point : profile) {
    if (std::isfinite(point.log2_grad_z)) top = point.log2_grad_z;  // the last one is at the loss
  }
  const std::size_t layers = profile.size();
  const std::size_t columns =
      options.width > 0 ? std::min(layers, static_cast<std::size_t>(options.width)) : layers;
  std::string line;
  for (std::size_t column = 0; column < columns; ++column) {
    const std::size_t first = column * layers / columns;
    const std::size_t end = (column + 1) * layers / columns;
    const double value = worst_of(std::span(profile).subspan(first, end - first));
    if (!std::isfinite(value)) {
      line += value < 0 ? "_" : "!";
      continue;
    }
    const double below = (top - value) * kLog10Of2 / options.decades;
    const int level = std::clamp(static_cast<int>(std::lround(8.0 - 7.0 * below)), 1, 8);
    line += options.unicode ? vertical_block(level) : std::to_string(level);
  }
  return line;
}

std::string horizontal_bar(double fraction, int width, bool unicode) {
  if (!(fraction > 0) || width <= 0)
    return std::string(static_cast<std::size_t>(std::max(width, 0)), ' ');
  const int unit = unicode ? 8 : 1;
  const int cells = std::clamp(
      static_cast<int>(std::lround(std::min(fraction, 1.0) * width * unit)), 1, width * unit);
  std::string bar;
  for (int i = 0; i < cells / unit; ++i) bar += unicode ? horizontal_block(8) : "#";
  if (cells % unit != 0) bar += horizontal_block(cells % unit);
  const int used = cells / unit + (cells % unit != 0 ? 1 : 0);
  return bar + std::string(static_cast<std::size_t>(width - used), ' ');
}

}  // namespace plumb
