// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>

#include "plumb/data/glyph_shapes.h"

namespace plumb {

/// A square of pixels on which round-ended strokes of one width are drawn with soft edges.
/// Coordinates are in pixels; (0, 0) is the centre of the first one.
class Canvas {
 public:
  static constexpr int kSide = 28;

  /// Strokes of this half width; nothing drawn yet.
  explicit Canvas(double radius);

  void draw(const Stroke& stroke);
  /// How much of pixel `index` (row-major) the ink covers, 0 to 1: radius + 1/2 - distance to the
  /// nearest stroke, cut to [0, 1], which is exact for an edge that runs along the pixels.
  float coverage(std::size_t index) const;

 private:
  void draw_segment(Point a, Point b);

  double radius_;
  std::array<float, kSide * kSide> distance_sq_;
};

}  // namespace plumb
