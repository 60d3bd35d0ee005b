// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/group_norm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "plumb/nn/gradient_check.h"
#include "tests/support/layer_builder.h"
#include "tests/support/layer_checks.h"

namespace plumb::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(GroupNorm, LayerChecks,
                         ::testing::Values(LayerCase{.text = "gn 1", .elementwise = false},
                                           LayerCase{.text = "gn 1 affine=false",
                                                     .elementwise = false}));

TEST(GroupNormTest, EachGroupOfEachSampleHasMeanZeroAndVarianceOne) {
  ThreadPool pool(2);
  const Shape shape{3, 6, 4, 5};
  const Tensor x = random_tensor(shape, DType::f32, "x", 5);
  const auto layer = layer_from_text("gn 3", shape, DType::f32);
  Tensor y(shape, DType::f32);
  layer->forward(x.view(), y.view(), {.pool = pool});
  for (std::size_t group = 0; group < 9; ++group) {
    double sum = 0, squares = 0;
    for (std::size_t i = group * 40; i < group * 40 + 40; ++i) {
      sum += static_cast<double>(y.as<float>()[i]);
      squares += static_cast<double>(y.as<float>()[i]) * static_cast<double>(y.as<float>()[i]);
    }
    EXPECT_NEAR(sum / 40, 0, 1e-6);
    EXPECT_NEAR(squares / 40, 1, 1e-5);
  }
}

TEST(GroupNormTest, ImagesMatchCentralDifferences) {
  const Shape shape{2, 4, 2, 3};
  const auto layer = layer_from_text("gn 2", shape, DType::f64);
  layer->params()[0].value = random_tensor({4}, DType::f64, "weight");
  const Tensor x = random_tensor(shape, DType::f64, "x", 2);
  const GradientReport report = check_gradient(*layer, x.view(), {.full_jacobian = true});
  EXPECT_TRUE(report.within(1e-7)) << to_string(report);
}

TEST(GroupNormTest, OneGroupIsLayerNormalisationWithoutItsAffinePart) {
  ThreadPool pool(1);
  const Shape shape{3, 4, 5, 2};
  const Tensor x = random_tensor(shape, DType::f64, "x"), g = random_tensor(shape, DType::f64, "g");
  const auto group = layer_from_text("gn 1 affine=false", shape, DType::f64);
  const auto row = layer_from_text("ln affine=false", shape, DType::f64);
  Tensor y1(shape, DType::f64), y2(shape, DType::f64), g1(shape, DType::f64), g2(shape, DType::f64);
  group->forward(x.view(), y1.view(), {.pool = pool});
  row->forward(x.view(), y2.view(), {.pool = pool});
  group->backward(x.view(), y1.view(), g.view(), g1.view(), {.pool = pool});
  row->backward(x.view(), y2.view(), g.view(), g2.view(), {.pool = pool});
  for (std::size_t i = 0; i < y1.as<double>().size(); ++i) {
    EXPECT_NEAR(y1.as<double>()[i], y2.as<double>()[i], 1e-14);
    EXPECT_NEAR(g1.as<double>()[i], g2.as<double>()[i], 1e-14);
  }
}

TEST(GroupNormTest, RefusesGroupsThatDoNotDivideTheChannels) {
  try {
    layer_from_text("gn 4", {2, 6, 3, 3}, DType::f32);
    FAIL();
  } catch (const SpecError& error) {
    EXPECT_NE(std::string(error.what()).find("4 groups do not divide 6 channels"),
              std::string::npos);
  }
  const auto layer = layer_from_text("gn 2", {2, 6}, DType::f32);
  EXPECT_THROW(layer->output_shape({2, 5}), ShapeError);
  // A sequence has time where an image has channels.
  EXPECT_THROW(layer_from_text("gn 1", {2, 6, 3}, DType::f32), ShapeError);
}

}  // namespace
}  // namespace plumb::testing
