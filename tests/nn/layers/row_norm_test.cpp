// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/row_norm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "plumb/nn/gradient_check.h"
#include "tests/support/layer_builder.h"
#include "tests/support/layer_checks.h"

namespace plumb::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(LayerNorm, LayerChecks,
                         ::testing::Values(LayerCase{.text = "ln", .elementwise = false},
                                           LayerCase{.text = "ln affine=false eps=0.01",
                                                     .elementwise = false}));
INSTANTIATE_TEST_SUITE_P(RmsNorm, LayerChecks,
                         ::testing::Values(LayerCase{.text = "rmsnorm", .elementwise = false},
                                           LayerCase{.text = "rmsnorm affine=false",
                                                     .elementwise = false}));

TEST(RowNormTest, ARowByHand) {
  ThreadPool pool(1);
  Tensor x({1, 4}, DType::f64), y({1, 4}, DType::f64);
  std::ranges::copy(std::vector<double>{1, 3, 5, 7}, x.as<double>().begin());
  layer_from_text("ln eps=0", x.shape(), DType::f64)->forward(x.view(), y.view(), {.pool = pool});
  EXPECT_NEAR(y.as<double>()[0], -3 / std::sqrt(5.0), 1e-15);
  EXPECT_NEAR(y.as<double>()[3], 3 / std::sqrt(5.0), 1e-15);
  layer_from_text("rmsnorm eps=0", x.shape(), DType::f64)
      ->forward(x.view(), y.view(), {.pool = pool});
  EXPECT_NEAR(y.as<double>()[1], 3 / std::sqrt(21.0), 1e-15);
}

TEST(RowNormTest, TheGradientIsOrthogonalToOneAndToTheRow) {
  ThreadPool pool(1);
  const Shape shape{6, 40};
  const Tensor x = random_tensor(shape, DType::f64, "x", 3),
               g = random_tensor(shape, DType::f64, "g");
  for (const char* text : {"ln eps=0 affine=false", "rmsnorm eps=0 affine=false"}) {
    const auto layer = layer_from_text(text, shape, DType::f64);
    Tensor y(shape, DType::f64), grad_x(shape, DType::f64);
    layer->forward(x.view(), y.view(), {.pool = pool});
    layer->backward(x.view(), y.view(), g.view(), grad_x.view(), {.pool = pool});
    for (std::size_t row = 0; row < 6; ++row) {
      double along_one = 0, along_row = 0, size = 0;
      for (std::size_t i = row * 40; i < row * 40 + 40; ++i) {
        along_one += grad_x.as<double>()[i];
        along_row += grad_x.as<double>()[i] * y.as<double>()[i];
        size += std::abs(grad_x.as<double>()[i]);
      }
      EXPECT_GT(size, 1);
      EXPECT_NEAR(along_row, 0, 1e-14 * size) << text;
      if (layer->kind() == "ln") {
        EXPECT_NEAR(along_one, 0, 1e-14 * size);
      }
    }
  }
}

TEST(RowNormTest, ATimeStepOfASequenceIsARowAndAnImageIsOne) {
  const auto steps = layer_from_text("ln", {2, 5, 3}, DType::f64);
  EXPECT_EQ(steps->params()[0].value.shape(), (Shape{3}));
  const auto image = layer_from_text("ln", {2, 3, 4, 5}, DType::f64);
  EXPECT_EQ(image->params()[0].value.shape(), (Shape{3, 4, 5}));
  for (const Shape& shape : {Shape{2, 3, 4}, Shape{2, 2, 2, 3}}) {
    for (const char* text : {"ln", "rmsnorm"}) {
      const auto layer = layer_from_text(text, shape, DType::f64);
      const Tensor x = random_tensor(shape, DType::f64, "x", 2);
      const GradientReport report = check_gradient(*layer, x.view(), {.full_jacobian = true});
      EXPECT_TRUE(report.within(1e-7)) << to_string(report);
    }
  }
}

TEST(RowNormTest, RefusesAnotherRow) {
  const auto layer = layer_from_text("ln", {2, 5}, DType::f32, 0, "3");
  try {
    layer->output_shape({2, 6});
    FAIL();
  } catch (const ShapeError& error) {
    EXPECT_STREQ(error.what(), "3: x has shape [2, 6], expected rows of [5]");
  }
  EXPECT_THROW(layer_from_text("rmsnorm eps=-1", {2, 5}, DType::f32), SpecError);
}

}  // namespace
}  // namespace plumb::testing
