// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>

#include "plumb/record/layer_info.h"

namespace plumb {

/// How different the samples of a batch still are in the output of one layer (family `input`: in
/// the data themselves).
///
/// With u_i the output for sample i, divided by its own norm, over the n samples whose norm is
/// neither zero nor infinite:
///   similarity = (|sum_i u_i|^2 - n) / (n (n - 1)), the mean cosine of two samples: 1 where all
///   samples look alike. Mean-field theory predicts it (theory/correlation_map).
struct SignalRecord {
  LayerId layer = kNoLayer;
  std::int32_t samples = 0;  ///< n
  double similarity = std::numeric_limits<double>::quiet_NaN();
  /// Effective number of directions: (sum lambda)^2 / sum lambda^2 over the eigenvalues of the
  /// matrix of products <x_i - mean, x_j - mean> of at most 32 samples; 0 where they are all equal,
  /// NaN where it was not computed.
  double directions = std::numeric_limits<double>::quiet_NaN();
};

}  // namespace plumb
