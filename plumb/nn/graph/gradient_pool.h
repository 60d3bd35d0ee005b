// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "plumb/core/tensor.h"
#include "plumb/nn/param.h"

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

/// Gives what the gradients of these parameters hold so far the scale of what will be added.
void bring_to_scale(std::span<Param> params, int log2_scale);

/// Multiplies by an exact power of two whenever the largest magnitude left [2^-kSafeLog2,
/// 2^kSafeLog2], so that it is near 1 again; the true value stays the same bits. Zero and
/// non-finite gradients are left alone, and so are those that live elsewhere. `largest` is the
/// largest magnitude of the values, where it is known already: they are not read then.
inline constexpr int kSafeLog2 = 40;
void keep_in_safe_band(Gradient& gradient, std::optional<double> largest = std::nullopt);

}  // namespace plumb
