// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/avgpool.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/layer_checks.h"
#include "tests/support/shape_error.h"

namespace plumb::testing {

INSTANTIATE_TEST_SUITE_P(
    AvgPool, LayerChecks,
    ::testing::Values(
        LayerCase{.text = "avgpool 2", .elementwise = false, .channels = 1},
        LayerCase{.text = "avgpool 3 stride=2 pad=1", .elementwise = false, .channels = 3},
        LayerCase{.text = "avgpool 3x2 stride=1", .elementwise = false, .channels = 16}));

namespace {

TEST(AvgPoolTest, ThePaddingCountsAsZerosByHand) {
  ThreadPool pool(1);
  const Context context{.pool = pool};
  const Shape shape{1, 2, 2};
  const auto layer = layer_from_text("avgpool 2 pad=1", shape, DType::f64);
  ASSERT_EQ(layer->output_shape(shape), (Shape{1, 1, 2, 2}));
  Tensor x(shape, DType::f64), grad_x(shape, DType::f64);
  Tensor y({1, 1, 2, 2}, DType::f64), grad_y({1, 1, 2, 2}, DType::f64);
  std::ranges::copy(std::vector<double>{4, 8, 12, 16}, x.as<double>().begin());
  std::ranges::copy(std::vector<double>{1, 2, 3, 4}, grad_y.as<double>().begin());
  layer->forward(x.view(), y.view(), context);
  layer->backward(x.view(), y.view(), grad_y.view(), grad_x.view(), context);
  EXPECT_EQ(values_of(y.view()), (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ(values_of(grad_x.view()), (std::vector<double>{0.25, 0.5, 0.75, 1}));
}

TEST(AvgPoolTest, ErrorsNameThePlaceBothShapesAndTheCure) {
  EXPECT_EQ(shape_error("avgpool 2", {8, 128}, {8, 128}),
            "x has shape [128] a sample, expected [channels, height, width] or [height, width]");
  EXPECT_EQ(shape_error("avgpool 4", {8, 3, 4, 4}, {8, 3, 3, 4}),
            "block.3: x has shape [8, 3, 3, 4], expected at least 4 x 4 pixels for a window of "
            "4x4");
}

}  // namespace
}  // namespace plumb::testing
