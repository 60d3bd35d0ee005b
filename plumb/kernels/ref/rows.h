// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace plumb::ref {

/// Writes `row` into each row of y [rows, columns].
template <class T>
void broadcast_row(const T* row, std::int64_t rows, std::int64_t columns, T* y) {
  for (std::int64_t i = 0; i < rows; ++i) std::copy_n(row, columns, y + i * columns);
}

/// sums[j] = beta sums[j] + sum_i x[i * stride + j] for j in [0, columns). With beta = 0 the old
/// sums are not read.
template <class T>
void column_sums(const T* x, std::int64_t rows, std::int64_t columns, std::int64_t stride, T beta,
                 T* sums) {
  for (std::int64_t j = 0; j < columns; ++j) {
    T sum = beta == T(0) ? T(0) : beta * sums[j];
    for (std::int64_t i = 0; i < rows; ++i) sum += x[i * stride + j];
    sums[j] = sum;
  }
}

}  // namespace plumb::ref
