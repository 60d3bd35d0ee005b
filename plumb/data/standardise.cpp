// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/standardise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

namespace plumb {

namespace {

/// x seen as [outer, groups, inner]: what is measured together is a group.
struct Groups {
  std::size_t groups = 1;
  std::size_t inner = 1;
  const char* name = "all numbers together";
};

Groups groups_of(const Shape& shape) {
  const auto channels = static_cast<std::size_t>(shape.rank() > 1 ? shape[1] : 1);
  if (shape.rank() == 2) return {channels, 1, "each column"};
  const auto row = static_cast<std::size_t>(shape.row_size());
  if (shape.rank() > 3 && channels > 0) return {channels, row / channels, "each channel"};
  return {1, row, "all numbers together"};
}

struct Scale {
  double mean = 0;
  double deviation = 0;

  double factor() const {
    // A constant's mean may miss it by a rounding, which must not be blown up to 1.
    constexpr double kRounding = 1e-7;
    return deviation > kRounding * std::abs(mean) ? 1 / deviation : 1;
  }
};

std::vector<Scale> measure(std::span<const float> x, const Groups& groups) {
  std::vector<Scale> scales(groups.groups);
  const double count =
      static_cast<double>(x.size()) / static_cast<double>(std::max<std::size_t>(groups.groups, 1));
  const auto each = [&](auto use) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      use(scales[i / groups.inner % groups.groups], static_cast<double>(x[i]));
    }
  };
  // Two passes in double: the mean first, so that nothing cancels.
  each([](Scale& scale, double v) { scale.mean += v; });
  for (Scale& scale : scales) scale.mean /= count;
  each([](Scale& scale, double v) { scale.deviation += (v - scale.mean) * (v - scale.mean); });
  for (Scale& scale : scales) scale.deviation = std::sqrt(scale.deviation / count);
  return scales;
}

}  // namespace

void standardise(Split& split) {
  if (!split.train.x || split.train.x.size() == 0) return;
  const Groups groups = groups_of(split.train.x.shape());
  const auto scales = measure(std::as_const(split.train.x).as<float>(), groups);
  for (Dataset* part : {&split.train, &split.validation}) {
    if (!part->x) continue;
    const auto x = part->x.as<float>();
    for (std::size_t i = 0; i < x.size(); ++i) {
      const Scale& scale = scales[i / groups.inner % groups.groups];
      x[i] = static_cast<float>((x[i] - scale.mean) * scale.factor());
    }
  }
  split.notes.push_back(fmt::format(
      "inputs standardised: mean 0 and deviation 1 over the training part, {}{}", groups.name,
      split.train.is_classification() ? "" : "; the targets are left as they are"));
}

}  // namespace plumb
