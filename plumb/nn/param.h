// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "plumb/core/tensor.h"

namespace plumb {

/// A trainable tensor of a layer with its gradient.
///
/// The gradient's true value is `grad * 2^grad_log2_scale` (see Network). While `grad_is_zero` is
/// set the stored values of grad are stale and count as zero: a layer's backward overwrites instead
/// of accumulating and clears the flag, which saves one pass over memory a step.
struct Param {
  std::string name;  ///< within its layer: "weight", "bias"
  Tensor value;
  Tensor grad;               ///< same shape and dtype as value
  std::int64_t fan_in = 0;   ///< inputs that one output sums over
  std::int64_t fan_out = 0;  ///< outputs that one input feeds
  int grad_log2_scale = 0;
  bool grad_is_zero = true;

  Param() = default;
  Param(std::string param_name, const Shape& shape, DType dtype, std::int64_t in, std::int64_t out)
      : name(std::move(param_name)),
        value(shape, dtype),
        grad(shape, dtype),
        fan_in(in),
        fan_out(out) {}
};

/// Every element of its value.
inline void set_all(Param& param, double value) {
  dispatch(param.value.dtype(), [&]<class T>(T) {
    for (T& element : param.value.as<T>()) element = static_cast<T>(value);
  });
}

/// A tensor of a layer that is saved with its weights and not trained: running statistics.
struct Buffer {
  std::string name;  ///< within its layer, as PyTorch names it: "running_mean"
  Tensor value;
};

}  // namespace plumb
