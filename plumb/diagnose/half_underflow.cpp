// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/half_underflow.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace plumb {

namespace {

/// The bin of 2^-24: the smallest subnormal number of float16 (IEEE 754-2019), alone. The next one
/// has two and three times that.
constexpr std::size_t kFloor = static_cast<std::size_t>(-24 - Sketch::kMinExponent);

/// Of a smooth distribution as many values lie below a bin as in it: that none does of so many has
/// a chance of 2^-12.
constexpr std::uint64_t kFewest = 12;

bool reaches_below_floor(const Sketch& sketch) {
  return sketch.histogram.touched().begin < kFloor && sketch.zero_count < sketch.finite_count();
}

/// Of |x| in (a, b), for a standard Gaussian x over sigma.
double chance(double a, double b, double sigma) {
  const double unit = 1 / (sigma * std::numbers::sqrt2);
  return std::erf(b * unit) - std::erf(a * unit);
}

/// The values lost for each that became the smallest number, of a Gaussian in which `ratio` is that
/// of the counts of one, and of two and three times the smallest number.
double lost_for_each(double ratio) {
  constexpr double kFlat = 0.5;  // far from its tail a Gaussian is flat here
  if (ratio <= kFlat) return kFlat;
  double low = 1e-1, high = 1e4;  // sigma, in smallest numbers; the ratio falls with it
  for (int i = 0; i < 60; ++i) {
    const double middle = std::sqrt(low * high);
    const double at = chance(0.5, 1.5, middle) / std::max(chance(1.5, 3.5, middle), 1e-300);
    (at > ratio ? low : high) = middle;
  }
  return chance(0, 0.5, low) / chance(0.5, 1.5, low);
}

double log2_norm(const Sketch& sketch) {
  return sketch.true_log2_rms() + 0.5 * std::log2(static_cast<double>(sketch.count));
}

}  // namespace

bool is_at_half_floor(const Sketch& sketch) {
  const auto smallest = static_cast<double>(sketch.histogram[kFloor]);
  if (reaches_below_floor(sketch) || smallest < kFewest) return false;
  // One number alone may be a constant, as what a mean sends back: of a rounded one are both signs.
  constexpr double kSmallest = 0x1p-24;
  const double sum = std::abs(sketch.mean) * static_cast<double>(sketch.finite_count());
  return sketch.histogram[kFloor + 1] > 0 || sum < 0.9 * smallest * kSmallest;
}

double lost_to_half(const Sketch& sketch) {
  const std::uint64_t left = sketch.finite_count() - sketch.zero_count;
  const auto smallest = static_cast<double>(sketch.histogram[kFloor]);
  if (left == 0 || smallest == 0 || reaches_below_floor(sketch)) return 0;
  const double next = std::max(static_cast<double>(sketch.histogram[kFloor + 1]), 0.5);
  const double lost =
      std::min(smallest * lost_for_each(smallest / next), static_cast<double>(sketch.zero_count));
  return lost / (lost + static_cast<double>(left));
}

HalfUnderflow half_underflow(const LayerGraph& graph, const StepIndex& index) {
  HalfUnderflow found;
  bool is_half = false, was_lost = false;
  double log2_top = 0;
  const LayerGraph::Chain& order = graph.forward_order();
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    const Sketch* const sketch = index.find(*it, grad_role(graph.info().layer(*it)));
    if (sketch == nullptr || sketch->finite_count() == 0 || reaches_below_floor(*sketch)) continue;
    if (found.judged++ == 0) {
      log2_top = log2_norm(*sketch);
      found.log2_loss_scale = -sketch->log2_scale;
    }
    is_half = is_half || is_at_half_floor(*sketch);
    // Zeros alone, behind a gradient of which a good part was lost, are the rest of it.
    const bool is_gone = was_lost && sketch->zero_count == sketch->finite_count();
    const double lost = is_gone ? 1 : lost_to_half(*sketch);
    was_lost = lost >= kUnderflowFraction;
    if (!was_lost) continue;
    ++found.layers;
    if (found.layer == kNoLayer) {
      found.layer = *it;
      found.fraction = lost;
      found.log2_flow = log2_norm(*sketch) - log2_top;
    }
    if (lost > found.worst_fraction) {
      found.worst = *it;
      found.worst_fraction = lost;
    }
  }
  return is_half ? found : HalfUnderflow{};
}

}  // namespace plumb
