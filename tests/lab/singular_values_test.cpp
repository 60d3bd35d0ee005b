// SPDX-License-Identifier: Apache-2.0
#include "plumb/lab/singular_values.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace plumb::lab {
namespace {

TEST(SingularValuesTest, OfADiagonalARotationAndAShear) {
  EXPECT_EQ(singular_values(std::vector<double>{3, 0, 0, -2}, 2), (std::vector<double>{3, 2}));
  const double c = std::cos(0.3), s = std::sin(0.3);
  for (const double v : singular_values(std::vector<double>{c, -s, s, c}, 2)) {
    EXPECT_NEAR(v, 1, 1e-15);
  }
  // [[.9, 10], [0, .9]]: the larger one as numpy gives it; their product is the determinant.
  const auto shear = singular_values(std::vector<double>{0.9, 10, 0, 0.9}, 2);
  EXPECT_NEAR(std::ranges::max(shear), 10.0803543184, 1e-9);
  EXPECT_NEAR(shear[0] * shear[1], 0.81, 1e-13);
}

TEST(SingularValuesTest, SquaresAddUpToTheSquaredNorm) {
  std::vector<double> matrix;
  double squares = 0;
  for (int i = 0; i < 49; ++i) {
    matrix.push_back(std::sin(7.0 * i * i));
    squares += matrix.back() * matrix.back();
  }
  double sum = 0;
  for (const double v : singular_values(matrix, 7)) sum += v * v;
  EXPECT_NEAR(sum, squares, 1e-12);
}

}  // namespace
}  // namespace plumb::lab
