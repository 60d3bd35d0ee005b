// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/data/dataset.h"

namespace plumb {

struct SpiralsOptions {
  std::int64_t n = 2000;
  std::int64_t classes = 2;
  double noise = 0.02;  ///< deviation added to each coordinate; the arms reach out to radius 1
};

/// Interleaved spirals in the plane: no straight line tells them apart, a network of two layers
/// can.
///
///   x = r * (cos a, sin a) + noise * N(0, 1),   a = 2 pi (k / classes + 1.5 r),   r ~ U[0.1, 1)
///
/// Shapes  x [n, 2]; sample i belongs to arm k = i mod classes.
/// Threads The bits depend on seed and sample alone: a larger n begins with the same samples.
Dataset make_spirals(const SpiralsOptions& options, std::uint64_t seed);

}  // namespace plumb
