// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/kernels/fast/gemm.h"
#include "plumb/kernels/fast/linear.h"
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

/// y = x weight^T + bias (bias may be null); contract in fast/linear.h.
inline void linear(std::int64_t rows, std::int64_t out, std::int64_t in, const float* x,
                   const float* weight, const float* bias, float* y) {
  fast::linear(rows, out, in, x, weight, bias, y);
}
inline void linear(std::int64_t rows, std::int64_t out, std::int64_t in, const double* x,
                   const double* weight, const double* bias, double* y) {
  if (bias != nullptr) ref::broadcast_row(bias, rows, out, y);
  ref::gemm(Transpose::no, Transpose::yes, rows, out, in, x, in, weight, in,
            bias != nullptr ? 1.0 : 0.0, y, out);
}

}  // namespace plumb
