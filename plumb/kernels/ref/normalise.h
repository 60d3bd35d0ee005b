// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// What normalisation layers do to a block of memory: `rows` rows of `lanes` neighbouring elements,
/// row r at x + r * stride. Each lane has statistics and factors of its own; where one statistic
/// belongs to a whole run of memory, the run is cut into rows and every lane gets the same one.
/// Sums are added to what `sum` and its sibling hold, in double.
namespace plumb::ref {

/// sum[l] += sum_r (x - shift[l]);  squares[l] += sum_r (x - shift[l])^2.
template <class T>
void lane_moments(const T* x, std::int64_t rows, std::int64_t lanes, std::int64_t stride,
                  const T* shift, double* sum, double* squares) {
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t l = 0; l < lanes; ++l) {
      const double d = static_cast<double>(x[r * stride + l] - shift[l]);
      sum[l] += d;
      squares[l] += d * d;
    }
  }
}

/// y = (x - mean[l]) * scale[l] + offset[l].
template <class T>
void lane_scale(const T* x, std::int64_t rows, std::int64_t lanes, std::int64_t stride,
                const T* mean, const T* scale, const T* offset, T* y) {
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t l = 0; l < lanes; ++l) {
      y[r * stride + l] = (x[r * stride + l] - mean[l]) * scale[l] + offset[l];
    }
  }
}

/// sum[l] += sum_r g;  products[l] += sum_r g (x - mean[l]).
template <class T>
void lane_products(const T* x, const T* g, std::int64_t rows, std::int64_t lanes,
                   std::int64_t stride, const T* mean, double* sum, double* products) {
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t l = 0; l < lanes; ++l) {
      const std::int64_t i = r * stride + l;
      sum[l] += static_cast<double>(g[i]);
      products[l] += static_cast<double>(g[i]) * static_cast<double>(x[i] - mean[l]);
    }
  }
}

/// grad_x = scale[l] (g - centre[l]) + slope[l] (x - mean[l]): exactly 0 where g is the centre and
/// x the mean.
template <class T>
void lane_vjp(const T* x, const T* g, std::int64_t rows, std::int64_t lanes, std::int64_t stride,
              const T* mean, const T* scale, const T* slope, const T* centre, T* grad_x) {
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t l = 0; l < lanes; ++l) {
      const std::int64_t i = r * stride + l;
      grad_x[i] = scale[l] * (g[i] - centre[l]) + slope[l] * (x[i] - mean[l]);
    }
  }
}

/// One row of `count` elements with one mean and one factor: weight_sum[l] += g (x - mean) factor,
/// bias_sum[l] += g.
template <class T>
void row_products(const T* x, const T* g, std::int64_t count, T mean, T factor, T* weight_sum,
                  T* bias_sum) {
  for (std::int64_t l = 0; l < count; ++l) {
    weight_sum[l] += g[l] * ((x[l] - mean) * factor);
    bias_sum[l] += g[l];
  }
}

}  // namespace plumb::ref
