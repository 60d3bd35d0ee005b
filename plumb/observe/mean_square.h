// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/observe/observed_view.h"

namespace plumb {

/// The magnitude of a tensor that comes in parts.
///
/// Range   log2_rms is -infinity of nothing and of zeros, NaN or +infinity once a value was one;
///         true magnitudes, far beyond the range of double.
struct MeanSquare {
  double count = 0;
  double log2_rms = 0;

  void merge(const MeanSquare& other);
};

/// Of the elements that count, with the scale of the view.
MeanSquare mean_square(const ObservedView& view);

}  // namespace plumb
