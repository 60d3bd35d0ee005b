// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/kernels/transpose.h"

namespace plumb::fast {

/// A product with few columns, as a layer of few inputs or outputs has: C as in gemm(), n at
/// most 4. Where A is taken as it is a row of C is n dot products; where A is transposed, a vector
/// of rows of C is built up at once. Other kernels fill a vector of columns, of which all but n are
/// padding. Does nothing and returns false for more columns.
///
/// Threads Runs on the calling thread; allocates nothing.
bool narrow_gemm(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n,
                 std::int64_t k, const float* a, std::int64_t lda, const float* b, std::int64_t ldb,
                 float beta, float* c, std::int64_t ldc);

}  // namespace plumb::fast
