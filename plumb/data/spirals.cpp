// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/spirals.h"

#include <cmath>
#include <numbers>

namespace plumb {

namespace {
constexpr double kTurns = 1.5;
constexpr double kInnerRadius = 0.1;
}  // namespace

Dataset make_spirals(const SpiralsOptions& options, std::uint64_t seed) {
  const Rng root(seed, "data/spirals");
  Dataset data;
  data.classes = options.classes;
  data.x = Tensor({options.n, 2}, DType::f32);
  auto x = data.x.as<float>();
  for (std::int64_t i = 0; i < options.n; ++i) {
    const Rng rng = root.child(static_cast<std::uint64_t>(i));
    const std::int64_t arm = i % options.classes;
    const double r = rng.uniform(0, kInnerRadius, 1.0);
    const double start = static_cast<double>(arm) / static_cast<double>(options.classes);
    const double angle = 2 * std::numbers::pi * (start + kTurns * r);
    const auto row = static_cast<std::size_t>(2 * i);
    x[row] = static_cast<float>(r * std::cos(angle) + options.noise * rng.normal(1));
    x[row + 1] = static_cast<float>(r * std::sin(angle) + options.noise * rng.normal(2));
    data.labels.push_back(static_cast<std::int32_t>(arm));
  }
  return data;
}

}  // namespace plumb
