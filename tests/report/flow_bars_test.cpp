// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/flow_bars.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "plumb/report/number_text.h"
#include "plumb/report/text.h"

namespace plumb {
namespace {

std::vector<FlowPoint> profile_of(const std::vector<double>& log10_values) {
  std::vector<FlowPoint> profile(log10_values.size());
  for (std::size_t i = 0; i < profile.size(); ++i) {
    profile[i].log2_grad_z = log10_values[i] / kLog10Of2;
  }
  return profile;
}

const double kInfinity = std::numeric_limits<double>::infinity();

TEST(FlowBarsTest, MeasuresDownFromTheLossSide) {
  // 14 decades over 7 levels: two decades a level.
  const BarOptions options{.unicode = false, .decades = 14};
  EXPECT_EQ(render_flow_bars(profile_of({-17, -15, -7, -3, -1}), options), "11578");
}

TEST(FlowBarsTest, DrawsBlocksOfEveryHeight) {
  EXPECT_EQ(render_flow_bars(profile_of({-13, -1})), "\xE2\x96\x81\xE2\x96\x88");  // U+2581 U+2588
}

TEST(FlowBarsTest, MarksZeroAndNotANumber) {
  EXPECT_EQ(render_flow_bars(profile_of({-kInfinity, std::nan(""), -1}), {.unicode = false}),
            "_!8");
}

TEST(FlowBarsTest, AColumnShowsTheWorstLayerItCovers) {
  const BarOptions options{.width = 2, .unicode = false};
  EXPECT_EQ(render_flow_bars(profile_of({-1, -30, -1, -1}), options), "18");
  EXPECT_EQ(render_flow_bars(profile_of({-1, -1, std::nan(""), -1}), options), "8!");
}

TEST(FlowBarsTest, EmptyProfileIsAnEmptyLine) { EXPECT_EQ(render_flow_bars({}), ""); }

TEST(FlowBarsTest, HorizontalBarFillsItsWidth) {
  EXPECT_EQ(horizontal_bar(0.5, 4, false), "##  ");
  EXPECT_EQ(horizontal_bar(1.5, 4, false), "####");
  EXPECT_EQ(horizontal_bar(0, 4, false), "    ");
  EXPECT_EQ(horizontal_bar(1e-9, 4, false), "#   ");
  EXPECT_EQ(horizontal_bar(0.375, 2, true), "\xE2\x96\x8A ");  // six eighths of one column
  for (double fraction = 0; fraction <= 1; fraction += 0.01) {
    EXPECT_EQ(display_width(horizontal_bar(fraction, 7, true)), 7) << fraction;
  }
}

}  // namespace
}  // namespace plumb
