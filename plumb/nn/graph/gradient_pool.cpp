// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/graph/gradient_pool.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "plumb/stats/magnitude.h"

namespace plumb {

Gradient GradientPool::acquire(const Shape& shape, Layout layout, int log2_scale) {
  PLUMB_CHECK(shape.size() <= capacity_);
  if (free_.empty()) {
    buffers_.push_back(std::make_unique<Tensor>(Shape{capacity_}, dtype_));
    free_.reserve(buffers_.size());
    free_.push_back(buffers_.back().get());
  }
  Tensor* buffer = free_.back();
  free_.pop_back();
  return {buffer, View{buffer->view().data, dtype_, shape, layout}, log2_scale};
}

void GradientPool::release(const Gradient& gradient) {
  if (gradient.buffer != nullptr) free_.push_back(gradient.buffer);
}

void bring_to_scale(std::span<Param> params, int log2_scale) {
  for (Param& param : params) {
    if (!param.grad_is_zero && param.grad_log2_scale != log2_scale) {
      scale_by_power_of_two(param.grad.view(), param.grad_log2_scale - log2_scale);
    }
    param.grad_log2_scale = log2_scale;
  }
}

void keep_in_safe_band(Gradient& gradient, std::optional<double> known) {
  if (gradient.buffer == nullptr) return;
  const double largest = known ? *known : dispatch(gradient.values.dtype, [&]<class T>(T) {
    return static_cast<double>(abs_max(std::span<const T>(gradient.values.as<T>())));
  });
  if (!(largest > 0) || !std::isfinite(largest)) return;
  constexpr auto kSafe = static_cast<double>(std::uint64_t{1} << kSafeLog2);
  if (largest >= 1 / kSafe && largest < 2 * kSafe) return;
  const int exponent = std::ilogb(largest);
  scale_by_power_of_two(gradient.values, -exponent);
  gradient.log2_scale += exponent;
}

}  // namespace plumb
