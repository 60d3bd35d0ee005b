// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/hardtanh.h"

#include <gtest/gtest.h>

#include "tests/support/activation_values.h"
#include "tests/support/layer_checks.h"

namespace plumb::testing {

INSTANTIATE_TEST_SUITE_P(Hardtanh, LayerChecks,
                         ::testing::Values(LayerCase{.text = "hardtanh -0.5 1.5",
                                                     .kinks = {-0.5, 1.5}}));

TEST(HardtanhTest, DefaultsToOneAndHasDerivativeZeroAtBothKinks) {
  EXPECT_EQ(activation_at("hardtanh", 2.0).value, 1.0);
  EXPECT_EQ(activation_at("hardtanh", -2.0).value, -1.0);
  EXPECT_EQ(activation_at("hardtanh", 1.0).derivative, 0.0);
  EXPECT_EQ(activation_at("hardtanh", -1.0).derivative, 0.0);
  EXPECT_EQ(activation_at("hardtanh", 0.5).derivative, 1.0);
}

}  // namespace plumb::testing
