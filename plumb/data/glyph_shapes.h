// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

namespace plumb {

struct Point {
  double x = 0;
  double y = 0;
};

/// A line drawn without lifting the pen: short straight pieces.
using Stroke = std::vector<Point>;

inline constexpr int kGlyphClasses = 10;

/// The characters A B D E G H K R S Z, classes 0 to 9, as strokes in the square [-1, 1]^2, y down.
/// They share parts on purpose (the bowls of B, D and R, the bars of A, E and H), so no single
/// pixel tells two of them apart once they are turned and bent.
const std::array<std::vector<Stroke>, kGlyphClasses>& glyph_shapes();

}  // namespace plumb
