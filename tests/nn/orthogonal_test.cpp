// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/orthogonal.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace plumb {
namespace {

std::vector<double> orthogonal(std::int64_t rows, std::int64_t columns, std::uint64_t seed = 1) {
  std::vector<double> q(static_cast<std::size_t>(rows * columns));
  fill_orthogonal(q, rows, columns, Rng(seed, "orthogonal"));
  return q;
}

/// Largest entry of |Q^T Q - I| (columns) or |Q Q^T - I| (rows), whichever is the smaller product.
double defect(const std::vector<double>& q, std::size_t rows, std::size_t columns) {
  const bool by_column = rows >= columns;
  const std::size_t count = by_column ? columns : rows;
  const std::size_t length = by_column ? rows : columns;
  double worst = 0;
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = a; b < count; ++b) {
      double dot = 0;
      for (std::size_t i = 0; i < length; ++i) {
        dot += by_column ? q[i * columns + a] * q[i * columns + b]
                         : q[a * columns + i] * q[b * columns + i];
      }
      worst = std::max(worst, std::fabs(dot - (a == b ? 1 : 0)));
    }
  }
  return worst;
}

TEST(OrthogonalTest, ColumnsOrRowsAreOrthonormal) {
  for (const auto& [rows, columns] : {std::pair{1, 1},
                                      {2, 2},
                                      {7, 3},
                                      {3, 7},
                                      {64, 64},
                                      {1, 50},
                                      {50, 1},
                                      {130, 65},
                                      {65, 130}}) {
    EXPECT_LT(defect(orthogonal(rows, columns), static_cast<std::size_t>(rows),
                     static_cast<std::size_t>(columns)),
              1e-13)
        << rows << " x " << columns;
  }
}

TEST(OrthogonalTest, ALargeMatrixIsOrthonormal) {
  const auto q = orthogonal(512, 512);
  EXPECT_LT(defect(q, 512, 512), 1e-12);
}

TEST(OrthogonalTest, IsUniformOverTheOrthogonalGroup) {
  // Of a Haar matrix of size n every entry has mean 0 and variance 1/n; the trace has mean 0 and
  // variance 1 (Diaconis and Shahshahani 1994). Q with LAPACK's signs fails the first at the
  // diagonal.
  constexpr int kCount = 4000;
  double trace = 0, trace_squared = 0, first = 0, first_squared = 0;
  for (int i = 0; i < kCount; ++i) {
    const auto q = orthogonal(4, 4, static_cast<std::uint64_t>(i));
    const double t = q[0] + q[5] + q[10] + q[15];
    trace += t / kCount;
    trace_squared += t * t / kCount;
    first += q[0] / kCount;
    first_squared += q[0] * q[0] / kCount;
  }
  const double root = std::sqrt(static_cast<double>(kCount));
  EXPECT_NEAR(trace, 0, 5 / root);
  EXPECT_NEAR(trace_squared, 1, 5 * std::sqrt(2.0) / root);  // fourth moment 3: variance 2
  EXPECT_NEAR(first, 0, 5 * 0.5 / root);
  EXPECT_NEAR(first_squared, 0.25, 5 * 0.25 / root);  // E q^4 = 3 / (n (n + 2)) = 1/8
}

TEST(OrthogonalTest, BothDeterminantsOccur) {
  int positive = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto q = orthogonal(2, 2, seed);
    positive += q[0] * q[3] - q[1] * q[2] > 0;
  }
  EXPECT_NEAR(positive, 100, 5 * std::sqrt(50.0));
}

}  // namespace
}  // namespace plumb
