// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/prelu.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/layer_builder.h"
#include "tests/support/layer_checks.h"

namespace plumb::testing {

TEST(PreluTest, StartsAtAQuarterAndSumsTheGradientOfTheSlope) {
  ThreadPool pool(1);
  Prelu prelu(DType::f32);
  Tensor x({4}, DType::f32), grad_y({4}, DType::f32), y({4}, DType::f32), grad_x({4}, DType::f32);
  std::ranges::copy(std::vector<float>{-2, -1, 0, 3}, x.as<float>().begin());
  std::ranges::copy(std::vector<float>{1, 10, 100, 1000}, grad_y.as<float>().begin());
  prelu.forward(x.view(), y.view(), {.pool = pool});
  prelu.backward(x.view(), y.view(), grad_y.view(), grad_x.view(), {.pool = pool});
  EXPECT_EQ(values_of(y.view()), (std::vector<double>{-0.5, -0.25, 0, 3}));
  EXPECT_EQ(values_of(grad_x.view()), (std::vector<double>{0.25, 2.5, 25, 1000}));
  EXPECT_EQ(prelu.params()[0].grad.as<float>()[0], -12.0f);
}

TEST(PreluTest, StartsWhereTheTextSaysAndKnowsTheSlopeItHasLearned) {
  const auto prelu = layer_from_text("prelu -0.5", {1, 1}, DType::f64);
  EXPECT_EQ(prelu->traits()->low_slope, -0.5);
  EXPECT_EQ(prelu->traits()->max_derivative, 1.0);
  prelu->params()[0].value.as<double>()[0] = 3;
  EXPECT_EQ(prelu->traits()->low_slope, 3.0);
  EXPECT_EQ(prelu->traits()->max_derivative, 3.0);
}

}  // namespace plumb::testing
