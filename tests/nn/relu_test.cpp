// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/relu.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/support/activation_values.h"
#include "tests/support/layer_checks.h"

namespace plumb::testing {

INSTANTIATE_TEST_SUITE_P(Relu, LayerChecks,
                         ::testing::Values(LayerCase{.text = "relu", .kinks = {0}}));

TEST(ReluTest, TheKinkHasDerivativeZero) {
  EXPECT_EQ(activation_at("relu", 0.0).derivative, 0.0);
  EXPECT_EQ(activation_at("relu", -0.0).derivative, 0.0);
  EXPECT_EQ(activation_at("relu", 0.0f).derivative, 0.0f);
  EXPECT_EQ(activation_at("relu", 1e-45f).derivative, 1.0f);
}

TEST(ReluTest, AClosedUnitLetsNoNonFiniteGradientThrough) {
  // As PyTorch: the gradient is selected, not multiplied by 0.
  EXPECT_EQ(activation_at("relu", -1.0f, std::numeric_limits<float>::infinity()).derivative, 0.0f);
}

}  // namespace plumb::testing
