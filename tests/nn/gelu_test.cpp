// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/gelu.h"

#include <gtest/gtest.h>

#include "tests/support/activation_values.h"
#include "tests/support/layer_checks.h"

namespace plumb::testing {

INSTANTIATE_TEST_SUITE_P(Gelu, LayerChecks,
                         ::testing::Values(LayerCase{.text = "gelu"},
                                           LayerCase{.text = "gelu approximate=tanh"}));

TEST(GeluTest, TheTwoFormsDiffer) {
  EXPECT_NEAR(activation_at("gelu", 1.0).value, 0.8413447460685429, 1e-15);
  EXPECT_NEAR(activation_at("gelu approximate=tanh", 1.0).value, 0.8411919906082768, 1e-15);
  EXPECT_EQ(activation_at("gelu approximate=none", 1.0).value, activation_at("gelu", 1.0).value);
}

TEST(GeluTest, TheLeftTailKeepsItsRelativePrecision) {
  EXPECT_NEAR(activation_at("gelu", -10.0).value / -7.6198530241605261e-23, 1, 1e-14);
  EXPECT_NEAR(activation_at("gelu", -10.0f).value / -7.6198530241605261e-23f, 1, 5e-7);
}

}  // namespace plumb::testing
