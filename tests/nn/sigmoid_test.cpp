// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/sigmoid.h"

#include <gtest/gtest.h>

#include "tests/support/activation_values.h"
#include "tests/support/layer_checks.h"

namespace plumb::testing {

INSTANTIATE_TEST_SUITE_P(Sigmoid, LayerChecks, ::testing::Values(LayerCase{.text = "sigmoid"}));

TEST(SigmoidTest, DoubleKeepsTheExactTailOfTheDerivative) {
  EXPECT_DOUBLE_EQ(activation_at("sigmoid", 400.0).derivative, 1.9151695967140057e-174);
  EXPECT_DOUBLE_EQ(activation_at("sigmoid", -400.0).derivative, 1.9151695967140057e-174);
  EXPECT_DOUBLE_EQ(activation_at("sigmoid", -400.0).value, 1.9151695967140057e-174);
}

TEST(SigmoidTest, FloatSaturatesAsAFloatTrainingDoes) {
  EXPECT_EQ(activation_at("sigmoid", 20.0f).derivative, 0.0f);
  EXPECT_NEAR(activation_at("sigmoid", -20.0f).derivative, 2.0611536e-9f, 1e-15f);
}

}  // namespace plumb::testing
