// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/glyphs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <span>

#include "plumb/data/canvas.h"
#include "plumb/data/glyph_shapes.h"

namespace plumb {

namespace {

// Chosen by eye (a stranger reads nearly all images) and by measurement: see docs/data.md.
constexpr double kJitter = 0.05;
constexpr double kBend = 0.09;
constexpr double kMaxTurn = 0.35;
constexpr double kMaxShear = 0.3;
constexpr double kMinScale = 0.7, kMaxScale = 1.05;
constexpr double kMaxShiftPixels = 2.5;
constexpr double kPixelsPerUnit = 9.5;
constexpr double kMinRadius = 0.7, kMaxRadius = 1.4;
constexpr double kMinInk = 0.6;
constexpr double kStrayFraction = 1.0 / 3;

/// Random numbers of one sample, in the order they are asked for.
class Draws {
 public:
  explicit Draws(Rng rng) : rng_(rng) {}
  double uniform(double low, double high) { return rng_.uniform(next_++, low, high); }
  double normal() { return rng_.normal(next_++); }

 private:
  Rng rng_;
  std::uint64_t next_ = 0;
};

/// A smooth displacement of the plane, as a hand that never draws straight.
class Bend {
 public:
  explicit Bend(Draws& draws) {
    for (Wave& wave : waves_) {
      wave = {.kx = draws.uniform(-2.5, 2.5),
              .ky = draws.uniform(-2.5, 2.5),
              .phase = draws.uniform(0, 2 * std::numbers::pi),
              .amplitude = kBend * draws.normal()};
    }
  }
  Point operator()(Point p) const { return {p.x + sum(p, 0), p.y + sum(p, kWavesPerAxis)}; }

 private:
  struct Wave {
    double kx = 0, ky = 0, phase = 0, amplitude = 0;
  };
  static constexpr std::size_t kWavesPerAxis = 3;

  double sum(Point p, std::size_t first) const {
    double total = 0;
    for (const Wave& w : std::span(waves_).subspan(first, kWavesPerAxis)) {
      total += w.amplitude * std::sin(w.kx * p.x + w.ky * p.y + w.phase);
    }
    return total;
  }

  std::array<Wave, 2 * kWavesPerAxis> waves_;
};

/// From the glyph's square to pixels.
class Pose {
 public:
  explicit Pose(Draws& draws) {
    const double turn = draws.uniform(-kMaxTurn, kMaxTurn);
    const double shear = draws.uniform(-kMaxShear, kMaxShear);
    const double scale_x = kPixelsPerUnit * draws.uniform(kMinScale, kMaxScale);
    const double scale_y = kPixelsPerUnit * draws.uniform(kMinScale, kMaxScale);
    const double c = std::cos(turn), s = std::sin(turn);
    xx_ = scale_x * c;
    xy_ = scale_y * (shear * c - s);
    yx_ = scale_x * s;
    yy_ = scale_y * (shear * s + c);
    constexpr double kCentre = (Canvas::kSide - 1) / 2.0;
    shift_ = {kCentre + draws.uniform(-kMaxShiftPixels, kMaxShiftPixels),
              kCentre + draws.uniform(-kMaxShiftPixels, kMaxShiftPixels)};
  }
  Point operator()(Point p) const {
    return {xx_ * p.x + xy_ * p.y + shift_.x, yx_ * p.x + yy_ * p.y + shift_.y};
  }

 private:
  double xx_ = 0, xy_ = 0, yx_ = 0, yy_ = 0;
  Point shift_;
};

/// A short curve anywhere on the canvas.
Stroke stray_stroke(Draws& draws) {
  constexpr int kPieces = 6;
  constexpr double kMaxTurnPerPiece = 0.4;
  Stroke stroke{{draws.uniform(1, Canvas::kSide - 2), draws.uniform(1, Canvas::kSide - 2)}};
  double angle = draws.uniform(0, 2 * std::numbers::pi);
  const double turn = draws.uniform(-kMaxTurnPerPiece, kMaxTurnPerPiece);
  const double length = draws.uniform(0.7, 1.7);
  for (int piece = 0; piece < kPieces; ++piece, angle += turn) {
    const Point p = stroke.back();
    stroke.push_back({p.x + length * std::cos(angle), p.y + length * std::sin(angle)});
  }
  return stroke;
}

void draw_glyph(const std::vector<Stroke>& shape, double noise, Draws draws,
                std::span<float> pixels) {
  const Bend bend(draws);
  const Pose pose(draws);
  Canvas canvas(draws.uniform(kMinRadius, kMaxRadius));
  const double ink = draws.uniform(kMinInk, 1.0);
  for (const Stroke& stroke : shape) {
    // The whole stroke is moved, as a pen set down in a slightly wrong place.
    const Point jitter{kJitter * draws.normal(), kJitter * draws.normal()};
    Stroke drawn;
    for (const Point p : stroke) drawn.push_back(pose(bend({p.x + jitter.x, p.y + jitter.y})));
    canvas.draw(drawn);
  }
  if (draws.uniform(0, 1) < kStrayFraction) canvas.draw(stray_stroke(draws));
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    double value = ink * canvas.coverage(i);
    if (noise > 0) value += noise * draws.normal();
    pixels[i] = static_cast<float>(std::clamp(value, 0.0, 1.0));
  }
}

}  // namespace

Dataset make_glyphs(const GlyphsOptions& options, std::uint64_t seed) {
  const Rng root(seed, "data/glyphs");
  Dataset data;
  data.classes = kGlyphClasses;
  data.x = Tensor({options.n, Canvas::kSide, Canvas::kSide}, DType::f32);
  const auto pixels = data.x.as<float>();
  constexpr std::size_t kPixels = Canvas::kSide * Canvas::kSide;
  for (std::int64_t i = 0; i < options.n; ++i) {
    const auto label = static_cast<std::int32_t>(i % kGlyphClasses);
    draw_glyph(glyph_shapes()[static_cast<std::size_t>(label)], options.noise,
               Draws(root.child(static_cast<std::uint64_t>(i))),
               pixels.subspan(static_cast<std::size_t>(i) * kPixels, kPixels));
    data.labels.push_back(label);
  }
  return data;
}

}  // namespace plumb
