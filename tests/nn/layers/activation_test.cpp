// SPDX-License-Identifier: Apache-2.0
// The list that every layer must pass, of every activation in the table; below it what is special
// about some.
#include "plumb/nn/layers/activation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/activation_values.h"
#include "tests/support/every_activation.h"
#include "tests/support/layer_checks.h"

namespace plumb::testing {
namespace {

std::vector<LayerCase> all_activations() {
  std::vector<LayerCase> cases;
  for_every_activation([&](const std::string& text, const ActivationDefinition& f) {
    LayerCase one{.text = text};
    for (const Kink& kink : f.kinks) one.kinks.push_back(kink.at);
    cases.push_back(std::move(one));
  });
  return cases;
}

INSTANTIATE_TEST_SUITE_P(EveryActivation, LayerChecks, ::testing::ValuesIn(all_activations()));

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(ActivationTest, LayersHaveTheTraitsOfTheTable) {
  for_every_activation([](const std::string& text, const ActivationDefinition& f) {
    for (const DType dtype : {DType::f32, DType::f64}) {
      const auto traits = layer_from_text(text, {1, 1}, dtype)->traits();
      ASSERT_TRUE(traits) << text;
      // A parameter is rounded to float.
      ASSERT_EQ(traits->max_derivative.has_value(), f.traits.max_derivative.has_value()) << text;
      EXPECT_NEAR(traits->max_derivative.value_or(0), f.traits.max_derivative.value_or(0), 1e-7)
          << text;
      if (dtype == DType::f64) {
        EXPECT_EQ(*traits, f.traits) << text;
      }
    }
  });
  EXPECT_FALSE(layer_from_text("dense 3", {1, 1}, DType::f32)->traits());
}

TEST(ActivationTest, ReluHasDerivativeZeroAtItsKink) {
  EXPECT_EQ(activation_at("relu", 0.0).derivative, 0.0);
  EXPECT_EQ(activation_at("relu", -0.0).derivative, 0.0);
  EXPECT_EQ(activation_at("relu", 0.0f).derivative, 0.0f);
  EXPECT_EQ(activation_at("relu", 1e-45f).derivative, 1.0f);
}

TEST(ActivationTest, AClosedReluLetsNoNonFiniteGradientThrough) {
  // As PyTorch: the gradient is selected, not multiplied by 0.
  EXPECT_EQ(activation_at("relu", -1.0f, kInfinity).derivative, 0.0f);
  EXPECT_EQ(activation_at("hardswish", -3.5f, kInfinity).derivative, 0.0f);
}

TEST(ActivationTest, LeakyReluDefaultsToAHundredthAlsoAtTheKink) {
  EXPECT_EQ(activation_at("leaky_relu", -2.0).value, -0.02);
  EXPECT_EQ(activation_at("leaky_relu", 0.0).derivative, 0.01);
}

TEST(ActivationTest, EluHasTheDerivativeOfTheLeftAtItsKink) {
  EXPECT_EQ(activation_at("elu 2.5", 0.0).derivative, 2.5);
  EXPECT_EQ(activation_at("elu 2.5", 1e-300).derivative, 1.0);
  EXPECT_EQ(activation_at("elu", -1000.0).value, -1.0);
}

TEST(ActivationTest, CeluHasNoKinkInItsDerivative) {
  EXPECT_EQ(activation_at("celu 2.5", 0.0).derivative, 1.0);
  EXPECT_EQ(activation_at("celu 2.5", -1000.0).value, -2.5);
  EXPECT_EQ(activation_at("celu", -0.7).value, activation_at("elu", -0.7).value);
}

TEST(ActivationTest, TheTwoFormsOfGeluDiffer) {
  EXPECT_NEAR(activation_at("gelu", 1.0).value, 0.8413447460685429, 1e-15);
  EXPECT_NEAR(activation_at("gelu approximate=tanh", 1.0).value, 0.8411919906082768, 1e-15);
  EXPECT_EQ(activation_at("gelu approximate=none", 1.0).value, activation_at("gelu", 1.0).value);
}

TEST(ActivationTest, LeftTailsKeepTheirRelativePrecision) {
  EXPECT_NEAR(activation_at("gelu", -10.0).value / -7.6198530241605261e-23, 1, 1e-14);
  EXPECT_NEAR(activation_at("gelu", -10.0f).value / -7.6198530241605261e-23f, 1, 5e-7);
  // x e^x to 17 digits: the next term is smaller by e^-40.
  EXPECT_NEAR(activation_at("mish", -40.0).value / (-40 * std::exp(-40.0)), 1, 1e-15);
  EXPECT_NEAR(activation_at("mish", -40.0f).value / (-40 * std::exp(-40.0)), 1, 5e-7);
}

TEST(ActivationTest, InfinitiesGiveTheLimits) {
  for (const char* text : {"silu", "gelu", "mish", "hardswish"}) {
    EXPECT_EQ(activation_at(text, -kInfinity).value, 0.0f) << text;
    EXPECT_EQ(activation_at(text, kInfinity).value, kInfinity) << text;
    EXPECT_EQ(activation_at(text, -kInfinity).derivative, 0.0f) << text;
    EXPECT_EQ(activation_at(text, kInfinity).derivative, 1.0f) << text;
  }
}

TEST(ActivationTest, TheExponentialOverflowsToInfinityAndIsItsOwnDerivative) {
  EXPECT_EQ(activation_at("exponential", 88.5f).value, std::exp(88.5f));
  EXPECT_EQ(activation_at("exponential", 89.0f).value, kInfinity);
  EXPECT_EQ(activation_at("exponential", 89.0f).derivative, kInfinity);
  EXPECT_EQ(activation_at("exponential", 709.0).value, std::exp(709.0));
  EXPECT_EQ(activation_at("exponential", -kInfinity).value, 0.0f);
  EXPECT_EQ(activation_at("exponential", -103.0f).value, std::exp(-103.0f));
  EXPECT_EQ(activation_at("exp", 1.5).derivative, std::exp(1.5));
}

TEST(ActivationTest, HardtanhDefaultsToOneAndHasDerivativeZeroAtBothKinks) {
  EXPECT_EQ(activation_at("hardtanh", 2.0).value, 1.0);
  EXPECT_EQ(activation_at("hardtanh", -2.0).value, -1.0);
  EXPECT_EQ(activation_at("hardtanh", 1.0).derivative, 0.0);
  EXPECT_EQ(activation_at("hardtanh", -1.0).derivative, 0.0);
  EXPECT_EQ(activation_at("hardtanh", 0.5).derivative, 1.0);
}

TEST(ActivationTest, Relu6IsHardtanhFrom0To6) {
  for (const double x : {-1.0, 0.0, 3.0, 6.0, 7.0}) {
    EXPECT_EQ(activation_at("relu6", x).value, activation_at("hardtanh 0 6", x).value) << x;
    EXPECT_EQ(activation_at("relu6", x).derivative, activation_at("hardtanh 0 6", x).derivative);
  }
}

TEST(ActivationTest, HardswishHasTheDerivativesOfRelu6AtItsKinks) {
  EXPECT_EQ(activation_at("hardswish", -3.0).derivative, 0.0);
  EXPECT_EQ(activation_at("hardswish", 3.0).derivative, 1.0);
  EXPECT_EQ(activation_at("hardswish", -3.0f).derivative, 0.0f);
  EXPECT_EQ(activation_at("hardswish", 3.0f).derivative, 1.0f);
}

TEST(ActivationTest, DoubleKeepsTheExactTailsOfSigmoidAndTanh) {
  EXPECT_DOUBLE_EQ(activation_at("sigmoid", 400.0).derivative, 1.9151695967140057e-174);
  EXPECT_DOUBLE_EQ(activation_at("sigmoid", -400.0).derivative, 1.9151695967140057e-174);
  EXPECT_DOUBLE_EQ(activation_at("sigmoid", -400.0).value, 1.9151695967140057e-174);
  // 1 - y^2 is exactly 0 here.
  EXPECT_DOUBLE_EQ(activation_at("tanh", 30.0).derivative, 4 * std::exp(-60.0));
  EXPECT_DOUBLE_EQ(activation_at("tanh", -30.0).derivative, 4 * std::exp(-60.0));
  EXPECT_EQ(activation_at("tanh", 400.0).value, 1.0);
  EXPECT_GT(activation_at("tanh", 300.0).derivative, 0.0);
}

TEST(ActivationTest, FloatSaturatesAsAFloatTrainingDoes) {
  EXPECT_EQ(activation_at("sigmoid", 20.0f).derivative, 0.0f);
  EXPECT_NEAR(activation_at("sigmoid", -20.0f).derivative, 2.0611536e-9f, 1e-15f);
}

}  // namespace
}  // namespace plumb::testing
