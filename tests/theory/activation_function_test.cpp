// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/activation_function.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "plumb/core/error.h"
#include "tests/support/every_activation.h"
#include "tests/theory/near.h"

namespace plumb::theory {
namespace {

TEST(ActivationTest, DerivativesAreThoseOfTheValue) {
  testing::for_every_activation([](const std::string& name, const ActivationDefinition&) {
    const ActivationFunction f = make_activation(name);
    for (const double x : {-7.3, -2.1, -0.7, -0.3, 0.2, 0.9, 1.7, 4.4, 9.1}) {
      const double h = 1e-4;
      const double limit = 1e-7 * std::max(1.0, f.growth > 0 ? f.value(x) : 0);
      EXPECT_NEAR(f.derivative(x), (f.value(x + h) - f.value(x - h)) / (2 * h), limit)
          << name << " at " << x;
      EXPECT_NEAR(f.second_derivative(x), (f.derivative(x + h) - f.derivative(x - h)) / (2 * h),
                  limit)
          << name << " at " << x;
    }
  });
}

TEST(ActivationTest, KinksAreWhereTheDerivativeJumps) {
  testing::for_every_activation([](const std::string& name, const ActivationDefinition&) {
    const ActivationFunction f = make_activation(name);
    for (const Kink& kink : f.kinks) {
      const double h = 1e-9;
      EXPECT_NEAR(f.derivative(kink.at + h) - f.derivative(kink.at - h), kink.slope_jump, 1e-8)
          << name;
    }
  });
}

// Over each step f' changes by the integral of f'', by Simpson's rule, unless there is a kink.
TEST(ActivationTest, BetweenTheKinksNothingJumps) {
  testing::for_every_activation([](const std::string& name, const ActivationDefinition&) {
    const ActivationFunction f = make_activation(name);
    const double h = 0.01;
    for (double x = -10.003; x < 10; x += h) {
      const auto inside = [&](const Kink& kink) { return kink.at > x && kink.at < x + h; };
      if (std::any_of(f.kinks.begin(), f.kinks.end(), inside)) continue;
      const double change = h / 6 *
                            (f.second_derivative(x) + 4 * f.second_derivative(x + h / 2) +
                             f.second_derivative(x + h));
      const double limit = 1e-10 * std::max(1.0, f.growth > 0 ? f.value(x) : 0);
      EXPECT_NEAR(f.derivative(x + h) - f.derivative(x), change, limit) << name << " at " << x;
    }
  });
}

// The popular s (1 - s) has lost every digit there.
TEST(ActivationTest, SigmoidKeepsItsTail) {
  EXPECT_REL(make_activation("sigmoid").derivative(400), 1.9151695967140057e-174, 1e-13);
  EXPECT_REL(make_activation("sigmoid").second_derivative(400), -1.9151695967140057e-174, 1e-13);
}

TEST(ActivationTest, SecondDerivativesVanishFarOut) {
  testing::for_every_activation([](const std::string& name, const ActivationDefinition&) {
    const ActivationFunction f = make_activation(name);
    for (const double x : {-1e101, 1e101}) {
      if (x > 0 && f.growth > 0) continue;
      EXPECT_NEAR(f.second_derivative(x), 0, 1e-300) << name;
    }
  });
}

TEST(ActivationTest, PopularNamesMeanTheSame) {
  EXPECT_EQ(make_activation("swish").value(0.7), make_activation("silu").value(0.7));
  EXPECT_EQ(make_activation("logistic").value(0.7), make_activation("sigmoid").value(0.7));
  EXPECT_EQ(make_activation("hard_swish").value(0.7), make_activation("hardswish").value(0.7));
  EXPECT_EQ(make_activation(" linear").value(0.7), 0.7);
  EXPECT_EQ(make_activation("exp").value(0.7), make_activation("exponential").value(0.7));
  EXPECT_EQ(make_activation("prelu").value(-1), -0.25);
  EXPECT_EQ(make_activation("prelu 0.1").value(-1), -0.1);
}

std::string error_of(const char* text) {
  try {
    make_activation(text);
  } catch (const SpecError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ActivationTest, SaysWhatIsWrong) {
  for (const char* text : {"", "tahn", "tanh 2", "leaky_relu 0.1 0.2", "leaky_relu nan",
                           "hardtanh 1", "hardtanh 1 -1", "gelu approximate=erf", "elu x",
                           "relu approximate=tanh", "linear 3", "celu 0", "celu -1"}) {
    EXPECT_THROW(make_activation(text), SpecError) << text;
  }
  EXPECT_EQ(error_of("tahn").rfind("activation: unknown name 'tahn', expected one of identity", 0),
            0u);
  EXPECT_EQ(error_of("tanh 2"),
            "activation 'tanh 2': no place for '2', expected at most 0 numbers");
  EXPECT_EQ(error_of("gelu approximate=erf"),
            "activation 'gelu approximate=erf': approximate is 'erf', expected none or tanh");
  EXPECT_EQ(error_of("hardtanh 1"),
            "activation 'hardtanh 1': one limit given, expected none or both: hardtanh MIN MAX");
  EXPECT_EQ(error_of("celu 0"), "activation 'celu 0': alpha is not above 0, expected ALPHA > 0");
  EXPECT_NE(error_of("softmax").find("not elementwise: "), std::string::npos);
  EXPECT_FALSE(knows_activation("softmax"));
  EXPECT_TRUE(knows_activation("leaky_relu 0.2"));
  EXPECT_FALSE(knows_activation("dense 10"));
}

}  // namespace
}  // namespace plumb::theory
