// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/orthogonal.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace plumb {

namespace {

/// A tall matrix with contiguous rows. All work below runs along rows, so that it vectorises
/// without changing the order of any sum.
struct Tall {
  std::size_t rows;
  std::size_t columns;
  std::vector<double> values;

  double* row(std::size_t i) { return values.data() + i * columns; }
  const double* row(std::size_t i) const { return values.data() + i * columns; }
};

/// I - 2 v v^T / |v|^2 with v zero above `first`.
struct Reflection {
  std::size_t first = 0;
  std::vector<double> v;  ///< from `first` on
  double factor = 0;      ///< 2 / |v|^2; 0 leaves everything as it is
};

/// Applies it to the columns from `column` on: w = v^T A, A -= factor v w^T.
void reflect(const Reflection& reflection, Tall& a, std::size_t column, std::vector<double>& w) {
  const std::size_t width = a.columns - column;
  std::fill_n(w.begin(), width, 0.0);
  for (std::size_t i = 0; i < reflection.v.size(); ++i) {
    const double v = reflection.v[i];
    const double* const row = a.row(reflection.first + i) + column;
    for (std::size_t j = 0; j < width; ++j) w[j] += v * row[j];
  }
  for (std::size_t i = 0; i < reflection.v.size(); ++i) {
    const double v = reflection.factor * reflection.v[i];
    double* const row = a.row(reflection.first + i) + column;
    for (std::size_t j = 0; j < width; ++j) row[j] -= v * w[j];
  }
}

/// The reflection that maps column k of a, from row k on, to a multiple of the first unit vector.
Reflection reflection_of(const Tall& a, std::size_t k) {
  Reflection reflection{k, {}, 0};
  double norm_squared = 0;
  for (std::size_t i = k; i < a.rows; ++i) {
    reflection.v.push_back(a.row(i)[k]);
    norm_squared += reflection.v.back() * reflection.v.back();
  }
  // Away from the column itself, so that nothing cancels.
  reflection.v[0] += std::copysign(std::sqrt(norm_squared), reflection.v[0]);
  double v_squared = 0;
  for (const double v : reflection.v) v_squared += v * v;
  if (v_squared > 0) reflection.factor = 2 / v_squared;
  return reflection;
}

}  // namespace

void fill_orthogonal(std::span<double> q, std::int64_t rows, std::int64_t columns, const Rng& rng) {
  const auto m = static_cast<std::size_t>(std::max(rows, columns));
  const auto n = static_cast<std::size_t>(std::min(rows, columns));
  const bool tall = rows >= columns;
  Tall a{m, n, std::vector<double>(m * n)};
  for (std::size_t i = 0; i < a.values.size(); ++i) a.values[i] = rng.normal(i);

  std::vector<double> w(n);
  std::vector<double> signs(n);
  std::vector<Reflection> reflections;
  for (std::size_t k = 0; k < n; ++k) {
    reflections.push_back(reflection_of(a, k));
    reflect(reflections.back(), a, k, w);
    signs[k] = std::copysign(1.0, a.row(k)[k]);
  }

  // Q = H_0 H_1 ... H_{n-1} I; column k is still a unit vector until H_k comes, from the right.
  std::fill(a.values.begin(), a.values.end(), 0.0);
  for (std::size_t k = n; k-- > 0;) {
    a.row(k)[k] = 1;
    reflect(reflections[k], a, k, w);
  }
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      q[tall ? i * n + j : j * m + i] = a.row(i)[j] * signs[j];
    }
  }
}

}  // namespace plumb
