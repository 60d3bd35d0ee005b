// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "plumb/optim/optimiser.h"

namespace plumb {
namespace {

Param with_grad(std::initializer_list<double> grad, DType dtype, int log2_scale = 0) {
  const auto size = static_cast<std::int64_t>(grad.size());
  Param param("weight", {size}, dtype, 1, size);
  param.grad_is_zero = false;
  param.grad_log2_scale = log2_scale;
  std::size_t i = 0;
  for (const double g : grad) {
    if (dtype == DType::f64) param.grad.as<double>()[i++] = g;
    if (dtype == DType::f32) param.grad.as<float>()[i++] = static_cast<float>(g);
  }
  return param;
}

TEST(GradientNormTest, IsTheNormOfAllTrueValues) {
  Param a = with_grad({3, 0}, DType::f64), b = with_grad({1}, DType::f32, 2);
  Param* const params[] = {&a, &b};
  EXPECT_EQ(gradient_norm(params), 5);
  b.grad_is_zero = true;
  EXPECT_EQ(gradient_norm(params), 3);
  EXPECT_EQ(gradient_norm({}), 0);
}

TEST(GradientNormTest, SquaresMayLeaveTheRangeOfDouble) {
  for (const int scale : {-900, 900}) {
    Param a = with_grad({3}, DType::f32, scale), b = with_grad({8}, DType::f32, scale - 1);
    Param* const params[] = {&a, &b};
    EXPECT_EQ(gradient_norm(params), std::ldexp(5.0, scale));
  }
  Param large = with_grad({3}, DType::f32), small = with_grad({1}, DType::f32, -5000);
  Param* const one[] = {&large, &small};
  EXPECT_EQ(gradient_norm(one), 3);
  Param* const other[] = {&small, &large};
  EXPECT_EQ(gradient_norm(other), 3);
}

TEST(GradientNormTest, NanIsSeen) {
  Param a = with_grad({3, std::nan("")}, DType::f32), b = with_grad({1}, DType::f64);
  Param* const params[] = {&a, &b};
  EXPECT_TRUE(std::isnan(gradient_norm(params)));
}

TEST(GradientNormTest, TheFactorIsTorchs) {
  // torch 1.13: clip_grad_norm_ of g = (3, 4) to 1 leaves (.599999880000024, .799999840000032).
  const double factor = clip_factor(5, 1);
  EXPECT_NEAR(3 * factor, .599999880000024, 1e-15);
  EXPECT_NEAR(4 * factor, .799999840000032, 1e-15);
  EXPECT_EQ(clip_factor(0.5, 1), 1);
  EXPECT_EQ(clip_factor(5, 0), 1);
  EXPECT_EQ(clip_factor(std::nan(""), 1), 1);
  EXPECT_EQ(clip_factor(std::numeric_limits<double>::infinity(), 1), 1);
}

}  // namespace
}  // namespace plumb
