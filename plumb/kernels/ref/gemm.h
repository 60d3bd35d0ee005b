// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/kernels/transpose.h"

namespace plumb::ref {

/// C = op(A) op(B) + beta C, row-major; op(A) is [m, k], op(B) [k, n], C [m, n] with row strides
/// lda, ldb, ldc. With beta = 0 the old C is not read, so a NaN in it is gone. Plain loops, one
/// fixed order of summation (ascending k).
template <class T>
void gemm(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n,
          std::int64_t k, const T* a, std::int64_t lda, const T* b, std::int64_t ldb, T beta, T* c,
          std::int64_t ldc) {
  const std::int64_t a_row = transpose_a == Transpose::no ? lda : 1;
  const std::int64_t a_col = transpose_a == Transpose::no ? 1 : lda;
  for (std::int64_t i = 0; i < m; ++i) {
    T* const c_row = c + i * ldc;
    for (std::int64_t j = 0; j < n; ++j) c_row[j] = beta == T(0) ? T(0) : beta * c_row[j];
    if (transpose_b == Transpose::no) {
      for (std::int64_t p = 0; p < k; ++p) {
        const T a_ip = a[i * a_row + p * a_col];
        const T* const b_row = b + p * ldb;
        for (std::int64_t j = 0; j < n; ++j) c_row[j] += a_ip * b_row[j];
      }
    } else {
      for (std::int64_t j = 0; j < n; ++j) {
        T sum = 0;
        for (std::int64_t p = 0; p < k; ++p) sum += a[i * a_row + p * a_col] * b[j * ldb + p];
        c_row[j] += sum;
      }
    }
  }
}

}  // namespace plumb::ref
