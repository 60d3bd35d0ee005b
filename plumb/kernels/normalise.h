// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "plumb/kernels/fast/normalise.h"
#include "plumb/kernels/ref/normalise.h"

/// The kernels of normalisation by element type (float takes the fast ones, double the plain
/// loops), and the same over a run of memory that has one statistic.
namespace plumb {

using fast::lane_moments;
using fast::lane_products;
using fast::lane_scale;
using fast::lane_vjp;
using fast::row_products;
using ref::lane_moments;
using ref::lane_products;
using ref::lane_scale;
using ref::lane_vjp;
using ref::row_products;

/// Values that a shift is the mean of.
inline constexpr std::int64_t kShiftValues = 16;

/// Two sums over a run: of values and of squares, or of gradients and of products.
struct RunSums {
  double first = 0;
  double second = 0;
};

namespace run_detail {

inline constexpr std::int64_t kLanes = 64;

template <class T>
std::array<T, kLanes> filled(T value) {
  std::array<T, kLanes> lanes;
  lanes.fill(value);
  return lanes;
}

/// Calls body(begin, rows, lanes) for the whole rows of the run and for its end.
template <class Body>
void for_rows(std::int64_t count, const Body& body) {
  const std::int64_t rows = count / kLanes;
  if (rows > 0) body(std::int64_t{0}, rows, kLanes);
  if (count % kLanes != 0) body(rows * kLanes, std::int64_t{1}, count % kLanes);
}

/// Sums of all lanes.
template <class Body>
RunSums sum_rows(std::int64_t count, const Body& body) {
  std::array<double, kLanes> first{}, second{};
  for_rows(count, [&](std::int64_t begin, std::int64_t rows, std::int64_t lanes) {
    body(begin, rows, lanes, first.data(), second.data());
  });
  RunSums sums;
  for (std::size_t l = 0; l < kLanes; ++l) {
    sums.first += first[l];
    sums.second += second[l];
  }
  return sums;
}

}  // namespace run_detail

/// A value in the midst of x to shift sums by: the mean of some values, spread over the run, so
/// that an outlier among them moves it little. Exactly x where all are the same.
template <class T>
T run_shift(const T* x, std::int64_t count) {
  const std::int64_t values = std::min<std::int64_t>(kShiftValues, count);
  double sum = 0;
  for (std::int64_t i = 0; i < values; ++i) {
    sum += static_cast<double>(x[i * count / values]) - static_cast<double>(x[0]);
  }
  return static_cast<T>(static_cast<double>(x[0]) + sum / static_cast<double>(values));
}

/// sum of x - shift, and of its square.
template <class T>
RunSums run_moments(const T* x, std::int64_t count, T shift) {
  const auto shifts = run_detail::filled(shift);
  return run_detail::sum_rows(
      count, [&](auto begin, auto rows, auto lanes, double* sum, double* squares) {
        lane_moments(x + begin, rows, lanes, run_detail::kLanes, shifts.data(), sum, squares);
      });
}

/// sum of g, and of g (x - mean).
template <class T>
RunSums run_products(const T* x, const T* g, std::int64_t count, T mean) {
  const auto means = run_detail::filled(mean);
  return run_detail::sum_rows(
      count, [&](auto begin, auto rows, auto lanes, double* sum, double* products) {
        lane_products(x + begin, g + begin, rows, lanes, run_detail::kLanes, means.data(), sum,
                      products);
      });
}

/// y = (x - mean) scale + offset.
template <class T>
void run_scale(const T* x, std::int64_t count, T mean, T scale, T offset, T* y) {
  const auto means = run_detail::filled(mean), scales = run_detail::filled(scale),
             offsets = run_detail::filled(offset);
  run_detail::for_rows(count, [&](auto begin, auto rows, auto lanes) {
    lane_scale(x + begin, rows, lanes, run_detail::kLanes, means.data(), scales.data(),
               offsets.data(), y + begin);
  });
}

/// grad_x = scale (g - centre) + slope (x - mean).
template <class T>
void run_vjp(const T* x, const T* g, std::int64_t count, T mean, T scale, T slope, T centre,
             T* grad_x) {
  const auto means = run_detail::filled(mean), scales = run_detail::filled(scale),
             slopes = run_detail::filled(slope), centres = run_detail::filled(centre);
  run_detail::for_rows(count, [&](auto begin, auto rows, auto lanes) {
    lane_vjp(x + begin, g + begin, rows, lanes, run_detail::kLanes, means.data(), scales.data(),
             slopes.data(), centres.data(), grad_x + begin);
  });
}

}  // namespace plumb
