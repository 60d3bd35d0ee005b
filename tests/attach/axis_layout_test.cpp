// SPDX-License-Identifier: Apache-2.0
#include "plumb/attach/axis_layout.h"

#include <gtest/gtest.h>

#include <vector>

namespace plumb {
namespace {

std::vector<Axis> axes_of(std::vector<std::int64_t> sizes, AxisLayout layout) {
  static const double value = 0;
  const std::vector<std::int64_t> strides(sizes.size(), 0);
  const auto view = observed(StridedView(&value, ElementType::f64, sizes, strides), layout, -3);
  if (!view) return {};
  EXPECT_EQ(view->log2_scale, -3);
  return {view->axes.begin(), view->axes.begin() + static_cast<std::ptrdiff_t>(sizes.size())};
}

TEST(AxisLayoutTest, EachLayoutNamesItsAxes) {
  using enum Axis;
  EXPECT_EQ(axes_of({2, 3}, AxisLayout::rows), (std::vector{sample, unit}));
  EXPECT_EQ(axes_of({2, 3, 4}, AxisLayout::rows), (std::vector{sample, place, unit}));
  EXPECT_EQ(axes_of({2, 3, 4, 5}, AxisLayout::channels_first),
            (std::vector{sample, unit, place, place}));
  EXPECT_EQ(axes_of({2, 3, 4}, AxisLayout::time_rows), (std::vector{sample, time, unit}));
  EXPECT_EQ(axes_of({2, 3, 4}, AxisLayout::time_first), (std::vector{time, sample, unit}));
  EXPECT_EQ(axes_of({2, 3, 4}, AxisLayout::place_first), (std::vector{place, sample, unit}));
  EXPECT_EQ(axes_of({7}, AxisLayout::rows), (std::vector{sample}));
}

TEST(AxisLayoutTest, AScalarHasNone) { EXPECT_TRUE(axes_of({}, AxisLayout::rows).empty()); }

}  // namespace
}  // namespace plumb
