// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/elu.h"

#include <gtest/gtest.h>

#include "tests/support/activation_values.h"
#include "tests/support/layer_checks.h"

namespace plumb::testing {

INSTANTIATE_TEST_SUITE_P(Elu, LayerChecks,
                         ::testing::Values(LayerCase{.text = "elu 1.5", .kinks = {0}}));

TEST(EluTest, TheKinkHasTheDerivativeOfTheLeft) {
  EXPECT_EQ(activation_at("elu 2.5", 0.0).derivative, 2.5);
  EXPECT_EQ(activation_at("elu 2.5", 1e-300).derivative, 1.0);
  EXPECT_EQ(activation_at("elu", -1000.0).value, -1.0);
}

}  // namespace plumb::testing
