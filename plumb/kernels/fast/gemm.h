// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/kernels/transpose.h"

namespace plumb::fast {

/// C = op(A) op(B) + beta C, row-major; op(A) is [m, k], op(B) [k, n], C [m, n] with row strides
/// lda, ldb, ldc. With beta = 0 the old C is not read.
///
/// Threads Runs on the calling thread alone; any number of threads may call it at once. The
///         embedding process keeps its OpenMP setting, and its signals wait (core/signals.h).
/// Errors  std::runtime_error if oneDNN fails.
void gemm(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n,
          std::int64_t k, const float* a, std::int64_t lda, const float* b, std::int64_t ldb,
          float beta, float* c, std::int64_t ldc);

}  // namespace plumb::fast
