// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/activation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "plumb/core/error.h"
#include "tests/theory/near.h"

namespace plumb::theory {
namespace {

const char* const kAll[] = {
    "identity", "sigmoid",  "tanh",     "relu",     "leaky_relu",     "leaky_relu 0.2",
    "prelu",    "elu",      "elu 1.5",  "selu",     "gelu",           "gelu approximate=tanh",
    "silu",     "softplus", "softsign", "hardtanh", "hardtanh -0.5 3"};

TEST(ActivationTest, DerivativesAreThoseOfTheValue) {
  for (const char* name : kAll) {
    const Activation f = make_activation(name);
    for (const double x : {-7.3, -2.1, -0.7, -0.3, 0.2, 0.9, 1.7, 4.4, 9.1}) {
      const double h = 1e-4;
      EXPECT_NEAR(f.derivative(x), (f.value(x + h) - f.value(x - h)) / (2 * h), 1e-7)
          << name << " at " << x;
      EXPECT_NEAR(f.second_derivative(x), (f.derivative(x + h) - f.derivative(x - h)) / (2 * h),
                  1e-7)
          << name << " at " << x;
    }
  }
}

TEST(ActivationTest, KinksAreWhereTheDerivativeJumps) {
  for (const char* name : kAll) {
    const Activation f = make_activation(name);
    for (const Kink& kink : f.kinks) {
      const double h = 1e-9;
      EXPECT_NEAR(f.derivative(kink.at + h) - f.derivative(kink.at - h), kink.slope_jump, 1e-8)
          << name;
    }
  }
}

// The popular s (1 - s) has lost every digit there.
TEST(ActivationTest, SigmoidKeepsItsTail) {
  EXPECT_REL(make_activation("sigmoid").derivative(400), 1.9151695967140057e-174, 1e-13);
  EXPECT_REL(make_activation("sigmoid").second_derivative(400), -1.9151695967140057e-174, 1e-13);
}

TEST(ActivationTest, SecondDerivativesVanishFarOut) {
  for (const char* name :
       {"gelu", "gelu approximate=tanh", "silu", "softplus", "tanh", "sigmoid"}) {
    const Activation f = make_activation(name);
    for (const double x : {-1e101, 1e101}) EXPECT_EQ(f.second_derivative(x), 0) << name;
  }
}

TEST(ActivationTest, PopularNamesMeanTheSame) {
  EXPECT_EQ(make_activation("swish").value(0.7), make_activation("silu").value(0.7));
  EXPECT_EQ(make_activation("logistic").value(0.7), make_activation("sigmoid").value(0.7));
  EXPECT_EQ(make_activation("prelu").value(-1), -0.25);
}

TEST(ActivationTest, SaysWhatIsWrong) {
  for (const char* text :
       {"", "tahn", "tanh 2", "leaky_relu 0.1 0.2", "leaky_relu nan", "hardtanh 1", "hardtanh 1 -1",
        "gelu approximate=erf", "elu x", "relu approximate=tanh"}) {
    EXPECT_THROW(make_activation(text), SpecError) << text;
  }
  EXPECT_TRUE(knows_activation("leaky_relu 0.2"));
  EXPECT_FALSE(knows_activation("dense 10"));
}

}  // namespace
}  // namespace plumb::theory
