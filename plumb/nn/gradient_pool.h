// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "plumb/core/tensor.h"

namespace plumb {

/// A gradient in flight: its true value is `values * 2^log2_scale`.
struct Gradient {
  Tensor* buffer = nullptr;  ///< of the pool; null for a gradient that lives elsewhere
  View values;
  int log2_scale = 0;
};

/// Buffers for the gradients of a backward pass. A chain needs two at a time, each nested residual
/// block one or two more; reusing them keeps the pass in the cache. Allocates until a whole pass
/// has run once.
class GradientPool {
 public:
  /// capacity: elements of the largest gradient.
  GradientPool(std::int64_t capacity, DType dtype) : capacity_(capacity), dtype_(dtype) {}
  Gradient acquire(const Shape& shape, Layout layout, int log2_scale);
  void release(const Gradient& gradient);

 private:
  std::int64_t capacity_;
  DType dtype_;
  std::vector<std::unique_ptr<Tensor>> buffers_;
  std::vector<Tensor*> free_;
};

/// Multiplies by an exact power of two whenever the largest magnitude left [2^-kSafeLog2,
/// 2^kSafeLog2], so that it is near 1 again; the true value stays the same bits. Zero and
/// non-finite gradients are left alone.
inline constexpr int kSafeLog2 = 40;
void keep_in_safe_band(Gradient& gradient);

}  // namespace plumb
