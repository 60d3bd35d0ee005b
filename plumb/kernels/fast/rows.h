// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace plumb::fast {

/// As ref::column_sums, summed in float row by row.
void column_sums(const float* x, std::int64_t rows, std::int64_t columns, std::int64_t stride,
                 float beta, float* sums);

}  // namespace plumb::fast
