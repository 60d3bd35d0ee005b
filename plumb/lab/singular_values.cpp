// SPDX-License-Identifier: Apache-2.0
#include "plumb/lab/singular_values.h"

#include <cmath>
#include <numeric>

namespace plumb::lab {

namespace {

double dot(const double* a, const double* b, std::int64_t n) {
  return std::inner_product(a, a + n, b, 0.0);
}

/// Turns rows a and b in their plane so that they become orthogonal; false if they are.
bool orthogonalise(double* a, double* b, std::int64_t n) {
  const double aa = dot(a, a, n), bb = dot(b, b, n), ab = dot(a, b, n);
  if (std::abs(ab) <= 1e-13 * std::sqrt(aa * bb)) return false;
  const double zeta = (bb - aa) / (2 * ab);
  const double t = std::copysign(1 / (std::abs(zeta) + std::hypot(1, zeta)), zeta);
  const double c = 1 / std::hypot(1, t), s = c * t;
  for (std::int64_t i = 0; i < n; ++i) {
    const double old = a[i];
    a[i] = c * old - s * b[i];
    b[i] = s * old + c * b[i];
  }
  return true;
}

}  // namespace

std::vector<double> singular_values(std::span<const double> matrix, std::int64_t n) {
  constexpr int kSweeps = 40;
  std::vector<double> rows(matrix.begin(), matrix.end());
  bool turned = true;
  for (int sweep = 0; turned && sweep < kSweeps; ++sweep) {
    turned = false;
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t j = i + 1; j < n; ++j) {
        turned = orthogonalise(rows.data() + i * n, rows.data() + j * n, n) || turned;
      }
    }
  }
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) {
    values.push_back(std::sqrt(dot(rows.data() + i * n, rows.data() + i * n, n)));
  }
  return values;
}

}  // namespace plumb::lab
