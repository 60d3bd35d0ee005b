// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/kernels/transpose.h"

namespace plumb::fast {

/// A product of small matrices without oneDNN's set-up and allocation, which cost more than the
/// product itself: C as in gemm(). Does nothing and returns false where oneDNN is the better
/// choice.
///
/// Threads Runs on the calling thread; allocates nothing.
bool small_gemm(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n,
                std::int64_t k, const float* a, std::int64_t lda, const float* b, std::int64_t ldb,
                float beta, float* c, std::int64_t ldc);

}  // namespace plumb::fast
