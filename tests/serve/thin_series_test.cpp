// SPDX-License-Identifier: Apache-2.0
#include "plumb/serve/thin_series.h"

#include <gtest/gtest.h>

namespace plumb::serve {
namespace {

TEST(ThinSeriesTest, KeepsEverythingThatFits) {
  ThinSeries series(8);
  EXPECT_TRUE(series.empty());
  for (int i = 0; i < 7; ++i) series.add(10 * i, i);
  ASSERT_EQ(series.points().size(), 7u);
  EXPECT_EQ(series.points()[3].step, 30);
  EXPECT_EQ(series.points()[3].value, 3);
}

TEST(ThinSeriesTest, StaysSmallEvenlyAndEndsWithTheLast) {
  ThinSeries series(16);
  for (int i = 0; i <= 100000; ++i) {
    series.add(i, 2.0 * i);
    ASSERT_LE(series.points().size(), 17u);
    ASSERT_EQ(series.points().back().step, i);
  }
  const auto points = series.points();
  EXPECT_GE(points.size(), 8u);
  EXPECT_EQ(points.front().step, 0);
  const auto gap = points[1].step - points[0].step;
  for (std::size_t i = 1; i + 1 < points.size(); ++i) {
    EXPECT_EQ(points[i].step - points[i - 1].step, gap);
    EXPECT_EQ(points[i].value, 2.0 * static_cast<double>(points[i].step));
  }
}

}  // namespace
}  // namespace plumb::serve
