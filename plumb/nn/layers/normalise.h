// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "plumb/core/error.h"
#include "plumb/kernels/normalise.h"
#include "plumb/nn/param.h"

/// What the normalisation layers share.
namespace plumb {

/// Sums over the batch are taken in this many pieces of it, whatever the thread count, and added in
/// order: the bits depend on the data alone.
inline constexpr std::int64_t kBatchPieces = 8;

/// How many rows of `row` elements a thread takes at least, so that a chunk is worth waking it.
inline std::int64_t normalisation_grain(std::int64_t row) {
  constexpr std::int64_t kElementsPerChunk = 1 << 14;
  return std::max<std::int64_t>(1, kElementsPerChunk / std::max<std::int64_t>(row, 1));
}

/// The learned factor and offset of a normalised value, 1 and 0 at the start; empty without them.
inline std::vector<Param> affine_params(const Shape& shape, DType dtype, bool bias) {
  std::vector<Param> params;
  Param& weight = params.emplace_back("weight", shape, dtype, 0, 0);
  dispatch(dtype, [&]<class T>(T) { std::ranges::fill(weight.value.as<T>(), T(1)); });
  if (bias) params.emplace_back("bias", shape, dtype, 0, 0);
  return params;
}

/// Throws ShapeError for an x without an axis of channels: a sequence has time there.
inline void require_channels(const Shape& x) {
  if (x.rank() == 2 || x.rank() == 4) return;
  throw ShapeError("x has shape " + x.row_shape().to_string() +
                   " a sample, expected [features] or [channels, height, width]" +
                   (x.rank() == 3 ? " (of a sequence, ln normalises each time step)" : ""));
}

/// Mean and 1 / sqrt(variance + eps) of n values from the sums of x - shift and of its square.
struct Statistics {
  double mean = 0;
  double variance = 0;
  double inverse_deviation = 0;
};

inline Statistics statistics(const RunSums& sums, double n, double shift, double eps) {
  const double centre = sums.first / n;
  const double variance = sums.second / n - centre * centre;
  Statistics result{shift + centre, variance < 0 ? 0 : variance, 0};
  result.inverse_deviation = 1 / std::sqrt(result.variance + eps);
  return result;
}

/// grad += sum, or = sum where the old gradient is stale.
template <class T, class Sum>
void add_gradient(Param& param, const Sum* sum) {
  const auto grad = param.grad.as<T>();
  for (std::size_t i = 0; i < grad.size(); ++i) {
    const double old = param.grad_is_zero ? 0.0 : static_cast<double>(grad[i]);
    grad[i] = static_cast<T>(old + static_cast<double>(sum[i]));
  }
  param.grad_is_zero = false;
}

}  // namespace plumb
