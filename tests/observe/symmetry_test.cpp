// SPDX-License-Identifier: Apache-2.0
#include "plumb/observe/symmetry.h"

#include <gtest/gtest.h>

#include <vector>

#include "plumb/core/tensor.h"

namespace plumb {
namespace {

std::int64_t duplicates(std::int64_t rows, std::int64_t columns,
                        const std::vector<double>& values) {
  return duplicate_rows({values.data(), DType::f64, Shape{rows, columns}});
}

TEST(SymmetryTest, CountsRowsThatRepeatAnEarlierOne) {
  EXPECT_EQ(duplicates(4, 2, {1, 2, 3, 4, 1, 2, 1, 2}), 2);
  EXPECT_EQ(duplicates(3, 1, {0, 0, 0}), 2);
}

TEST(SymmetryTest, NearlyEqualRowsAreNotRepeated) {
  EXPECT_EQ(duplicates(2, 2, {1, 2, 1, 2 + 1e-15}), 0);
}

TEST(SymmetryTest, OneRowRepeatsNothing) { EXPECT_EQ(duplicates(1, 3, {1, 1, 1}), 0); }

}  // namespace
}  // namespace plumb
