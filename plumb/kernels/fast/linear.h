// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace plumb::fast {

/// y = x weight^T + bias, row-major: x [rows, in], weight [out, in], bias [out] or null, y [rows,
/// out].
///
/// From kPreparedMultiplies on, oneDNN's prepared product adds the bias while the sums are still in
/// registers, 3 to 5 % faster at 512 x 512 than gemm(). What it prepares for a shape is kept by the
/// calling thread, for the last 64 new shapes; each call still makes oneDNN allocate a few dozen
/// bytes for its arguments. Below, and for smaller products (see small_gemm.h), nothing is
/// allocated.
///
/// Threads As gemm().
/// Errors  std::runtime_error if oneDNN fails.
inline constexpr std::int64_t kPreparedMultiplies = 1 << 21;
void linear(std::int64_t rows, std::int64_t out, std::int64_t in, const float* x,
            const float* weight, const float* bias, float* y);

}  // namespace plumb::fast
