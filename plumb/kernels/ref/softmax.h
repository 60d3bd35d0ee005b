// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

namespace plumb::ref {

/// y_i = e^(x_i - m) / sum_j e^(x_j - m) of one row, m its maximum: nothing overflows. A NaN, an
/// infinity, or -infinity alone makes the whole row NaN. y may be x.
template <class T>
void softmax(const T* x, std::int64_t count, T* y) {
  T largest = x[0];
  for (std::int64_t i = 1; i < count; ++i) largest = x[i] > largest ? x[i] : largest;
  double sum = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    y[i] = std::exp(x[i] - largest);
    sum += static_cast<double>(y[i]);
  }
  const T factor = static_cast<T>(1 / sum);
  for (std::int64_t i = 0; i < count; ++i) y[i] *= factor;
}

/// grad_x_i = y_i (grad_y_i - sum_j grad_y_j y_j). grad_x may be grad_y.
template <class T>
void softmax_vjp(const T* y, const T* grad_y, std::int64_t count, T* grad_x) {
  double mean = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    mean += static_cast<double>(grad_y[i]) * static_cast<double>(y[i]);
  }
  const T shift = static_cast<T>(mean);
  for (std::int64_t i = 0; i < count; ++i) grad_x[i] = y[i] * (grad_y[i] - shift);
}

}  // namespace plumb::ref
