// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace plumb::ref {

/// y[i] = op.value(x[i]).
template <class Op, class T>
void forward(const Op& op, const T* x, T* y, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) y[i] = op.value(x[i]);
}

/// grad_x[i] = op.vjp(x[i], y[i], grad_y[i]). A null grad_y stands for ones: the derivative.
template <class Op, class T>
void vjp(const Op& op, const T* x, const T* y, const T* grad_y, T* grad_x, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    grad_x[i] = op.vjp(x[i], y[i], grad_y ? grad_y[i] : T(1));
  }
}

}  // namespace plumb::ref
