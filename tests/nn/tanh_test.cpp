// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/tanh.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/activation_values.h"
#include "tests/support/layer_checks.h"

namespace plumb::testing {

INSTANTIATE_TEST_SUITE_P(Tanh, LayerChecks, ::testing::Values(LayerCase{.text = "tanh"}));

TEST(TanhTest, DoubleKeepsTheExactTailOfTheDerivative) {
  // 1 - y^2 is exactly 0 here.
  EXPECT_DOUBLE_EQ(activation_at("tanh", 30.0).derivative, 4 * std::exp(-60.0));
  EXPECT_DOUBLE_EQ(activation_at("tanh", -30.0).derivative, 4 * std::exp(-60.0));
  EXPECT_EQ(activation_at("tanh", 400.0).value, 1.0);
  EXPECT_GT(activation_at("tanh", 300.0).derivative, 0.0);
}

}  // namespace plumb::testing
