// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "plumb/stats/sketch.h"
#include "tests/support/run_builder.h"

namespace plumb::test {

inline constexpr double kSmallest = 0x1p-24;

/// IEEE 754-2019, below the smallest normal number: to the nearest multiple of 2^-24, ties to even.
inline float to_half_subnormal(double x) {
  return static_cast<float>(std::nearbyint(x / kSmallest) * kSmallest);
}

struct Gradient {
  Sketch sketch;
  double lost = 0;  ///< of those that are not zero by a relu
};

/// Gaussian values of that deviation, in smallest numbers, of which a relu made some zero.
inline Gradient gradient(double deviation, double relu_zeros, bool is_half,
                         std::size_t count = 20000) {
  std::mt19937 random(7);
  std::normal_distribution<double> normal(0, deviation * kSmallest);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<float> values;
  double lost = 0, all = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (uniform(random) < relu_zeros) {
      values.push_back(0);
      continue;
    }
    const double x = normal(random);
    values.push_back(is_half ? to_half_subnormal(x) : static_cast<float>(x));
    ++all;
    lost += values.back() == 0 ? 1 : 0;
  }
  const std::int64_t sizes[] = {static_cast<std::int64_t>(count)}, strides[] = {1};
  return {sketch(StridedView(values.data(), ElementType::f32, sizes, strides)), lost / all};
}

/// A chain of relu layers, the input side first, whose gradients have those deviations.
inline plumb::Run half_run(const std::vector<double>& deviations, double relu_zeros, bool is_half) {
  plumb::Run run = flat_run(static_cast<int>(deviations.size()), 16, "relu", 2);
  if (is_half) run.info.settings.emplace_back("gradients", "float16");
  for (StepRecord& step : run.steps) {
    std::size_t begun = 0;  // linear layers so far
    for (const LayerInfo& one : run.info.layers) {
      const bool linear = one.family == LayerFamily::linear;
      begun += linear ? 1 : 0;
      if (begun == 0) continue;
      const Sketch sketch = gradient(deviations[begun - 1], relu_zeros, is_half).sketch;
      put(run.info, step, one.path, linear ? Role::grad_z : Role::grad_a, sketch);
    }
  }
  return run;
}

}  // namespace plumb::test
