// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/graph/gradient_pool.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace plumb {
namespace {

TEST(GradientPoolTest, ABufferThatWasReleasedIsTakenAgain) {
  GradientPool pool(12, DType::f32);
  const Gradient first = pool.acquire(Shape{3, 4}, Layout::row_major, 5);
  const Gradient second = pool.acquire(Shape{2}, Layout::row_major, 0);
  EXPECT_EQ(first.log2_scale, 5);
  EXPECT_NE(first.values.data, second.values.data);
  pool.release(first);
  EXPECT_EQ(pool.acquire(Shape{6}, Layout::row_major, 0).values.data, first.values.data);
}

/// Three values with the largest magnitude `largest`, after keep_in_safe_band.
class SafeBandTest : public ::testing::Test {
 protected:
  Gradient kept(double largest, std::optional<double> known = std::nullopt) {
    Gradient gradient = pool_.acquire(Shape{3}, Layout::row_major, 10);
    const auto values = gradient.values.as<double>();
    values[0] = largest / 4;
    values[1] = -largest;
    values[2] = 0;
    keep_in_safe_band(gradient, known);
    return gradient;
  }

 private:
  GradientPool pool_{3, DType::f64};
};

TEST_F(SafeBandTest, WhatLeftItComesNearOneWithTheSameTrueValue) {
  for (const double largest : {0x1p-41, 0x1.8p-60, 0x1p41, 0x1.cp90}) {
    const Gradient gradient = kept(largest);
    const auto values = gradient.values.as<double>();
    EXPECT_GE(std::abs(values[1]), 1) << largest;
    EXPECT_LT(std::abs(values[1]), 2) << largest;
    EXPECT_EQ(std::ldexp(values[1], gradient.log2_scale), std::ldexp(-largest, 10)) << largest;
    EXPECT_EQ(std::ldexp(values[0], gradient.log2_scale), std::ldexp(largest / 4, 10)) << largest;
  }
}

TEST_F(SafeBandTest, WhatIsInsideZeroOrNotFiniteIsLeftAlone) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double largest : {0x1p-40, 1.0, 0x1.8p40, 0.0, infinity}) {
    const Gradient gradient = kept(largest);
    EXPECT_EQ(gradient.log2_scale, 10) << largest;
    EXPECT_EQ(gradient.values.as<double>()[1], -largest) << largest;
  }
}

TEST_F(SafeBandTest, ALargestThatIsKnownIsNotLookedFor) {
  EXPECT_EQ(kept(0x1p-60, 0x1p-60).log2_scale, -50);
  EXPECT_EQ(kept(0x1p-60, 1.0).log2_scale, 10);
}

TEST_F(SafeBandTest, AGradientThatLivesElsewhereIsNotChanged) {
  Tensor elsewhere(Shape{1}, DType::f32);
  elsewhere.as<float>()[0] = 0x1p-60f;
  Gradient gradient{nullptr, elsewhere.view(), 0};
  keep_in_safe_band(gradient);
  EXPECT_EQ(elsewhere.as<float>()[0], 0x1p-60f);
  EXPECT_EQ(gradient.log2_scale, 0);
}

}  // namespace
}  // namespace plumb
