// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/canvas.h"

#include <algorithm>
#include <cmath>

namespace plumb {

Canvas::Canvas(double radius) : radius_(radius) {
  distance_sq_.fill(static_cast<float>((radius + 1) * (radius + 1)));
}

void Canvas::draw(const Stroke& stroke) {
  for (std::size_t i = 1; i < stroke.size(); ++i) draw_segment(stroke[i - 1], stroke[i]);
}

void Canvas::draw_segment(Point a, Point b) {
  // Only pixels that the ink can reach: most of a canvas is far from any one segment.
  const double reach = radius_ + 0.5;
  const auto first = [&](double v) {
    return std::clamp(static_cast<int>(std::ceil(v - reach)), 0, kSide);
  };
  const auto last = [&](double v) {
    return std::clamp(static_cast<int>(std::floor(v + reach)), -1, kSide - 1);
  };
  const int left = first(std::min(a.x, b.x)), right = last(std::max(a.x, b.x));
  const int top = first(std::min(a.y, b.y)), bottom = last(std::max(a.y, b.y));
  const auto ax = static_cast<float>(a.x), ay = static_cast<float>(a.y);
  const auto dx = static_cast<float>(b.x - a.x), dy = static_cast<float>(b.y - a.y);
  const float length_sq = dx * dx + dy * dy;
  const float inverse = length_sq > 0 ? 1 / length_sq : 0;
  for (int row = top; row <= bottom; ++row) {
    for (int column = left; column <= right; ++column) {
      const float px = static_cast<float>(column) - ax, py = static_cast<float>(row) - ay;
      const float t = std::clamp((px * dx + py * dy) * inverse, 0.0f, 1.0f);
      const float ex = px - t * dx, ey = py - t * dy;
      const int pixel = row * kSide + column;
      float& nearest = distance_sq_[static_cast<std::size_t>(pixel)];
      nearest = std::min(nearest, ex * ex + ey * ey);
    }
  }
}

float Canvas::coverage(std::size_t index) const {
  const float edge = static_cast<float>(radius_) + 0.5f;
  return std::clamp(edge - std::sqrt(distance_sq_[index]), 0.0f, 1.0f);
}

}  // namespace plumb
