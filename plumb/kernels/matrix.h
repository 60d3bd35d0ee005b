// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/kernels/fast/gemm.h"
#include "plumb/kernels/fast/rows.h"
#include "plumb/kernels/ref/gemm.h"
#include "plumb/kernels/ref/rows.h"

/// The matrix kernels by element type: float takes the fast ones, double the plain loops. Contracts
/// in ref/gemm.h and ref/rows.h.
namespace plumb {

inline void gemm(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n,
                 std::int64_t k, const float* a, std::int64_t lda, const float* b, std::int64_t ldb,
                 float beta, float* c, std::int64_t ldc) {
  fast::gemm(transpose_a, transpose_b, m, n, k, a, lda, b, ldb, beta, c, ldc);
}
inline void gemm(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n,
                 std::int64_t k, const double* a, std::int64_t lda, const double* b,
                 std::int64_t ldb, double beta, double* c, std::int64_t ldc) {
  ref::gemm(transpose_a, transpose_b, m, n, k, a, lda, b, ldb, beta, c, ldc);
}

inline void column_sums(const float* x, std::int64_t rows, std::int64_t columns,
                        std::int64_t stride, float beta, float* sums) {
  fast::column_sums(x, rows, columns, stride, beta, sums);
}
inline void column_sums(const double* x, std::int64_t rows, std::int64_t columns,
                        std::int64_t stride, double beta, double* sums) {
  ref::column_sums(x, rows, columns, stride, beta, sums);
}

using ref::broadcast_row;  // a copy: the library's is as fast

}  // namespace plumb
