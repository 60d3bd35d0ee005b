// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/shape.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace plumb {
namespace {

TEST(ShapeTest, SizeIsTheProductOfTheExtents) {
  EXPECT_EQ(Shape({2, 3, 4}).size(), 24);
  EXPECT_EQ(Shape().size(), 1);
  EXPECT_EQ(Shape({0, 3}).size(), 0);
}

TEST(ShapeTest, RowSizeLeavesTheBatchOut) {
  EXPECT_EQ(Shape({2, 3, 4}).row_size(), 12);
  EXPECT_EQ(Shape({7}).row_size(), 1);
  EXPECT_EQ(Shape({2, 3, 4}).row_shape(), Shape({3, 4}));
}

TEST(ShapeTest, PrintsAsPeopleWriteIt) {
  EXPECT_EQ(Shape({32, 64}).to_string(), "[32, 64]");
  EXPECT_EQ(Shape().to_string(), "[]");
}

TEST(ShapeTest, WithBatchReplacesTheFirstExtent) {
  EXPECT_EQ(Shape({2, 3}).with_batch(5), Shape({5, 3}));
}

TEST(ShapeTest, RefusesNegativeExtentsAndTooManyAxes) {
  EXPECT_THROW(Shape({2, -1}), UsageError);
  EXPECT_THROW(Shape({1, 1, 1, 1, 1, 1}), UsageError);
}

}  // namespace
}  // namespace plumb
