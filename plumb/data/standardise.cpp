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

namespace {

/// What was done, in words; empty where nothing was.
std::string standardise_targets(Split& split) {
  if (!split.train.y || split.train.y.size() == 0) return {};
  const auto width = static_cast<std::size_t>(split.train.y.shape().row_size());
  const std::vector<Scale> scales = measure(std::as_const(split.train.y).as<float>(), {width, 1});
  double squares = 0;
  for (const Scale& scale : scales) squares += scale.deviation * scale.deviation;
  const double deviation = std::sqrt(squares / static_cast<double>(width));
  const double factor = deviation > 0 ? 1 / deviation : 1;
  for (Dataset* part : {&split.train, &split.validation}) {
    part->target_unit = 1 / factor;
    if (!part->y) continue;
    const auto y = part->y.as<float>();
    for (std::size_t i = 0; i < y.size(); ++i) {
      y[i] = static_cast<float>((y[i] - scales[i % width].mean) * factor);
    }
  }
  const std::string mean = width == 1 ? fmt::format("mean {:.4g}", scales[0].mean) : "their means";
  return fmt::format(
      "; the targets too ({}, deviation {:.4g}), while losses are told in the unit of the data",
      mean, 1 / factor);
}

}  // namespace

void standardise(Split& split, bool targets) {
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
  const std::string also = targets                           ? standardise_targets(split)
                           : split.train.is_classification() ? ""
                                                             : "; the targets are left as they are";
  split.notes.push_back(
      fmt::format("inputs standardised: mean 0 and deviation 1 over the training part, {}{}",
                  groups.name, also));
}

}  // namespace plumb
