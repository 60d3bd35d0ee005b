// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/glyph_shapes.h"

#include <cmath>
#include <numbers>

namespace plumb {

namespace {

constexpr double kPieceLength = 0.22;

/// Lines through the points, cut into pieces short enough to be bent.
Stroke line(const std::vector<Point>& corners) {
  Stroke stroke{corners.front()};
  for (std::size_t i = 1; i < corners.size(); ++i) {
    const Point a = corners[i - 1], b = corners[i];
    const int pieces = static_cast<int>(std::ceil(std::hypot(b.x - a.x, b.y - a.y) / kPieceLength));
    for (int piece = 1; piece <= pieces; ++piece) {
      const double t = static_cast<double>(piece) / pieces;
      stroke.push_back({a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)});
    }
  }
  return stroke;
}

/// Part of an ellipse; angles in degrees, clockwise from the right, since y points down.
Stroke arc(Point centre, double radius_x, double radius_y, double from, double to) {
  constexpr double kDegreesPerPiece = 20;
  const int pieces = static_cast<int>(std::ceil(std::abs(to - from) / kDegreesPerPiece));
  Stroke stroke;
  for (int piece = 0; piece <= pieces; ++piece) {
    const double angle = (from + (to - from) * piece / pieces) * std::numbers::pi / 180;
    stroke.push_back(
        {centre.x + radius_x * std::cos(angle), centre.y + radius_y * std::sin(angle)});
  }
  return stroke;
}

/// One stroke of several parts, joined by straight lines.
Stroke join(const std::vector<Stroke>& parts) {
  Stroke all = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const Stroke between = line({all.back(), parts[i].front()});
    all.insert(all.end(), between.begin() + 1, between.end());
    all.insert(all.end(), parts[i].begin() + 1, parts[i].end());
  }
  return all;
}

}  // namespace

const std::array<std::vector<Stroke>, kGlyphClasses>& glyph_shapes() {
  static const Stroke kSpine = line({{-0.6, -1}, {-0.6, 1}});
  static const Stroke kUpperBowl = join(
      {line({{-0.6, -1}, {0, -1}}), arc({0, -0.5}, 0.55, 0.5, -90, 90), line({{0, 0}, {-0.6, 0}})});
  static const Stroke kLowerBowl =
      join({line({{-0.6, 0}, {0.05, 0}}), arc({0.05, 0.5}, 0.6, 0.5, -90, 90),
            line({{0.05, 1}, {-0.6, 1}})});
  static const std::array<std::vector<Stroke>, kGlyphClasses> kShapes{{
      {line({{-0.8, 1}, {0, -1}, {0.8, 1}}), line({{-0.5, 0.3}, {0.5, 0.3}})},         // A
      {kSpine, kUpperBowl, kLowerBowl},                                                // B
      {kSpine, join({line({{-0.6, -1}, {-0.1, -1}}), arc({-0.1, 0}, 0.8, 1, -90, 90),  // D
                     line({{-0.1, 1}, {-0.6, 1}})})},
      {line({{0.6, -1}, {-0.6, -1}, {-0.6, 1}, {0.6, 1}}), line({{-0.6, 0}, {0.4, 0}})},  // E
      {join({arc({0, 0}, 0.85, 1, -40, -330), line({{0.75, 0.15}, {0.2, 0.15}})})},       // G
      {line({{-0.65, -1}, {-0.65, 1}}), line({{0.65, -1}, {0.65, 1}}),                    // H
       line({{-0.65, 0}, {0.65, 0}})},
      {kSpine, line({{0.6, -1}, {-0.6, 0.15}}), line({{-0.25, -0.15}, {0.65, 1}})},        // K
      {kSpine, kUpperBowl, line({{-0.1, 0}, {0.65, 1}})},                                  // R
      {join({arc({0, -0.5}, 0.65, 0.5, -30, -270), arc({0, 0.5}, 0.65, 0.5, -90, 150)})},  // S
      {line({{-0.65, -1}, {0.65, -1}, {-0.65, 1}, {0.65, 1}})},                            // Z
  }};
  return kShapes;
}

}  // namespace plumb
