// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/gap.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/layer_checks.h"
#include "tests/support/shape_error.h"

namespace plumb::testing {

INSTANTIATE_TEST_SUITE_P(
    Gap, LayerChecks,
    ::testing::Values(LayerCase{.text = "gap", .elementwise = false, .channels = 1},
                      LayerCase{.text = "gap", .elementwise = false, .channels = 3},
                      LayerCase{.text = "gap", .elementwise = false, .channels = 16}));

namespace {

TEST(GapTest, MeansByHand) {
  ThreadPool pool(1);
  const Context context{.pool = pool};
  const Shape shape{1, 2, 1, 2};
  const auto layer = layer_from_text("gap", shape, DType::f64);
  ASSERT_EQ(layer->output_shape(shape), (Shape{1, 2}));
  Tensor x(shape, DType::f64), grad_x(shape, DType::f64);
  Tensor y({1, 2}, DType::f64), grad_y({1, 2}, DType::f64);
  std::ranges::copy(std::vector<double>{1, 3, 10, 20}, x.as<double>().begin());
  std::ranges::copy(std::vector<double>{1, 2}, grad_y.as<double>().begin());
  layer->forward(x.view(), y.view(), context);
  layer->backward(x.view(), y.view(), grad_y.view(), grad_x.view(), context);
  EXPECT_EQ(values_of(y.view()), (std::vector<double>{2, 15}));
  EXPECT_EQ(values_of(grad_x.view()), (std::vector<double>{0.5, 0.5, 1, 1}));
}

TEST(GapTest, ErrorsNameThePlaceBothShapesAndTheCure) {
  EXPECT_EQ(shape_error("gap", {8, 3, 4, 4}, {8, 128}),
            "block.3: x has shape [8, 128], expected [batch, channels, height, width] or [batch, "
            "height, width]");
}

}  // namespace
}  // namespace plumb::testing
