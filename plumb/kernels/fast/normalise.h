// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// The vector kernels of ref/normalise.h; at most kSumRows rows are summed in float before they are
/// added up in double.
namespace plumb::fast {

inline constexpr std::int64_t kSumRows = 64;

void lane_moments(const float* x, std::int64_t rows, std::int64_t lanes, std::int64_t stride,
                  const float* shift, double* sum, double* squares);
void lane_scale(const float* x, std::int64_t rows, std::int64_t lanes, std::int64_t stride,
                const float* mean, const float* scale, const float* offset, float* y);
void lane_products(const float* x, const float* g, std::int64_t rows, std::int64_t lanes,
                   std::int64_t stride, const float* mean, double* sum, double* products);
void lane_vjp(const float* x, const float* g, std::int64_t rows, std::int64_t lanes,
              std::int64_t stride, const float* mean, const float* scale, const float* slope,
              const float* centre, float* grad_x);
void row_products(const float* x, const float* g, std::int64_t count, float mean, float factor,
                  float* weight_sum, float* bias_sum);

}  // namespace plumb::fast
