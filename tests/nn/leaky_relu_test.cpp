// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/leaky_relu.h"

#include <gtest/gtest.h>

#include "tests/support/activation_values.h"
#include "tests/support/layer_checks.h"

namespace plumb::testing {

INSTANTIATE_TEST_SUITE_P(LeakyRelu, LayerChecks,
                         ::testing::Values(LayerCase{.text = "leaky_relu 0.2", .kinks = {0}}));

TEST(LeakyReluTest, DefaultsToAHundredthAlsoAtTheKink) {
  EXPECT_EQ(activation_at("leaky_relu", -2.0).value, -0.02);
  EXPECT_EQ(activation_at("leaky_relu", 0.0).derivative, 0.01);
}

}  // namespace plumb::testing
