// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/maxpool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/support/layer_checks.h"
#include "tests/support/shape_error.h"

namespace plumb::testing {

INSTANTIATE_TEST_SUITE_P(
    MaxPool, LayerChecks,
    ::testing::Values(
        LayerCase{.text = "maxpool 2", .elementwise = false, .channels = 1},
        LayerCase{.text = "maxpool 3 stride=2 pad=1", .elementwise = false, .channels = 3},
        LayerCase{.text = "maxpool 3x2 stride=1", .elementwise = false, .channels = 16}));

namespace {

/// y and grad_x of one image with one channel.
std::vector<std::vector<double>> pass(const std::string& text, const Shape& shape,
                                      const std::vector<double>& x_values,
                                      const std::vector<double>& g_values) {
  ThreadPool pool(1);
  const Context context{.pool = pool};
  const auto layer = layer_from_text(text, shape, DType::f64);
  Tensor x(shape, DType::f64), grad_x(shape, DType::f64);
  Tensor y(layer->output_shape(shape), DType::f64), grad_y(y.shape(), DType::f64);
  std::ranges::copy(x_values, x.as<double>().begin());
  std::ranges::copy(g_values, grad_y.as<double>().begin());
  layer->forward(x.view(), y.view(), context);
  layer->backward(x.view(), y.view(), grad_y.view(), grad_x.view(), context);
  return {values_of(y.view()), values_of(grad_x.view())};
}

using Values = std::vector<double>;

TEST(MaxPoolTest, TwoByTwoByHand) {
  const auto got = pass("maxpool 2", {1, 2, 4}, {1, 5, -3, -2, 2, 0, -1, -4}, {10, 20});
  EXPECT_EQ(got[0], (Values{5, -1}));
  EXPECT_EQ(got[1], (Values{0, 10, 0, 0, 0, 0, 20, 0}));
}

TEST(MaxPoolTest, OverlappingWindowsAddWhatTheyGiveToOnePixel) {
  const auto got = pass("maxpool 1x2 stride=1", {1, 1, 4}, {0, 7, 1, 2}, {1, 10, 100});
  EXPECT_EQ(got[0], (Values{7, 7, 2}));
  EXPECT_EQ(got[1], (Values{0, 11, 0, 100}));
}

TEST(MaxPoolTest, OfEqualPixelsTheFirstGetsTheGradient) {
  const auto got = pass("maxpool 2", {1, 2, 2}, {3, 3, 3, 3}, {1});
  EXPECT_EQ(got[1], (Values{1, 0, 0, 0}));
}

TEST(MaxPoolTest, ThePaddingNeverWins) {
  const auto got = pass("maxpool 2 pad=1", {1, 2, 2}, {-1, -2, -3, -4}, {1, 2, 3, 4});
  EXPECT_EQ(got[0], (Values{-1, -2, -3, -4}));
  EXPECT_EQ(got[1], (Values{1, 2, 3, 4}));
}

TEST(MaxPoolTest, ANanIsTheMaximumWhereverItStands) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (std::size_t at = 0; at < 4; ++at) {
    Values x{1, 2, 3, 4};
    x[at] = nan;
    const auto got = pass("maxpool 2", {1, 2, 2}, x, {1});
    EXPECT_TRUE(std::isnan(got[0][0])) << at;
    EXPECT_EQ(got[1][at], 1) << at;
  }
}

TEST(MaxPoolTest, ErrorsNameThePlaceBothShapesAndTheCure) {
  EXPECT_EQ(shape_error("maxpool 2", {8, 128}, {8, 128}),
            "x has shape [128] a sample, expected [channels, height, width] or [height, width]");
  EXPECT_EQ(shape_error("maxpool 4", {8, 3, 4, 4}, {8, 3, 3, 4}),
            "block.3: x has shape [8, 3, 3, 4], expected at least 4 x 4 pixels for a window of "
            "4x4");
  EXPECT_NE(shape_error("maxpool 3 pad=2", {8, 3, 4, 4}, {8, 3, 4, 4})
                .find("pad is 2 for a window of 3, expected at most half of it"),
            std::string::npos);
}

}  // namespace
}  // namespace plumb::testing
