// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <type_traits>

#include "plumb/kernels/fast/activations.h"
#include "plumb/kernels/ref/elementwise.h"

/// One activation over a run of elements: the vector kernel where float has one, otherwise the
/// plain loop. `op` is a functor of kernels/ref. Each element's result depends on that element
/// alone, so any split of a tensor gives the same bits.
namespace plumb {

/// y[i] = f(x[i]).
template <class Op, class T>
void elementwise_forward(const Op& op, const T* x, T* y, std::int64_t count) {
  if constexpr (std::is_same_v<T, float> && requires { fast::forward(op, x, y, count); }) {
    fast::forward(op, x, y, count);
  } else {
    ref::forward(op, x, y, count);
  }
}

/// grad_x[i] = grad_y[i] f'(x[i]); a null grad_y stands for ones.
template <class Op, class T>
void elementwise_vjp(const Op& op, const T* x, const T* y, const T* grad_y, T* grad_x,
                     std::int64_t count) {
  if constexpr (std::is_same_v<T, float> &&
                requires { fast::vjp(op, x, y, grad_y, grad_x, count); }) {
    fast::vjp(op, x, y, grad_y, grad_x, count);
  } else {
    ref::vjp(op, x, y, grad_y, grad_x, count);
  }
}

/// f'(x[i]) as elementwise_vjp has it, judged without being stored. Where float has no vector
/// kernel nothing is read and is_usual is false.
template <class Op, class T>
DerivativeScan elementwise_scan(const Op& op, const T* x, const T* y, std::int64_t count,
                                double limit) {
  if constexpr (std::is_same_v<T, float> && requires { fast::scan(op, x, y, count, 0.0f); }) {
    return fast::scan(op, x, y, count, static_cast<float>(limit));
  } else {
    return {};
  }
}

}  // namespace plumb
