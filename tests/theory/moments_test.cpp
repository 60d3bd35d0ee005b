// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/moments.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <numbers>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include "plumb/core/error.h"
#include "tests/theory/near.h"

namespace plumb::theory {
namespace {

double point_masses(const ActivationFunction& f, double q) {
  double sum = 0;
  for (const Kink& kink : f.kinks) {
    sum += kink.slope_jump * f.value(kink.at) * std::exp(-kink.at * kink.at / (2 * q)) /
           std::sqrt(2 * std::numbers::pi * q);
  }
  return sum;
}

bool jumps(const ActivationFunction& f) {
  for (const Kink& kink : f.kinks) {
    if (kink.slope_jump != 0) return true;
  }
  return false;
}

// Every activation of the engine, q from 1e-30 to 5000, against mpmath at 30 digits.
TEST(MomentsTest, AgreeWithMpmath) {
  std::ifstream file(PLUMB_TEST_DIR "/theory/golden/moments.txt");
  std::string line;
  std::set<std::string> missing;
  for (const std::string_view name : activation_names()) missing.emplace(name);
  int lines = 0;
  while (std::getline(file, line)) {
    if (line.starts_with("#")) continue;
    const std::size_t first = line.find(" | "), second = line.find(" | ", first + 3);
    const ActivationFunction f = make_activation(line.substr(0, first));
    missing.erase(std::string(line, 0, std::min(first, line.find(' '))));
    const double q = std::stod(line.substr(first + 3));
    std::istringstream numbers(line.substr(second + 3));
    double value, value2, derivative, derivative2, derivative4, curvature, second2;
    ASSERT_TRUE(numbers >> value >> value2 >> derivative >> derivative2 >> derivative4 >>
                curvature >> second2);
    const Moments m = moments(f, q);
    constexpr double kTolerance = 1e-12;
    EXPECT_NEAR(m.value, value, kTolerance * std::sqrt(value2)) << line;
    EXPECT_REL(m.value2, value2, kTolerance) << line;
    EXPECT_REL(m.derivative, derivative, kTolerance) << line;
    EXPECT_REL(m.derivative2, derivative2, kTolerance) << line;
    EXPECT_REL(m.derivative4, derivative4, kTolerance) << line;
    EXPECT_NEAR(m.value_second_derivative - point_masses(f, q), curvature,
                kTolerance * std::sqrt(value2 * second2) + 1e-13 * std::abs(point_masses(f, q)))
        << line;
    if (!jumps(f)) {
      EXPECT_REL(m.second_derivative2, second2, kTolerance) << line;
    }
    ++lines;
  }
  EXPECT_GE(lines, 21 * 7);
  EXPECT_TRUE(missing.empty()) << *missing.begin() << ": see tools/make_theory_golden.py";
}

struct Row {
  const char* name;
  double value, value2, derivative, derivative2, forward_gain, backward_gain;
};

// At q = 1, by another program (trapezoid and panel rules, checked with mpmath).
TEST(MomentsTest, TableAtUnitLength) {
  const Row rows[] = {
      {"sigmoid", 0.5, 0.293379035858, 0.206620964142, 0.044836241350, 1.8462285453, 4.7226460859},
      {"tanh", 0, 0.394294490398, 0.605705509602, 0.464402902448, 1.5925374197, 1.4674135916},
      {"relu", 0.398942280401, 0.5, 0.5, 0.5, 1.4142135624, 1.4142135624},
      {"leaky_relu 0.2", 0.319153824321, 0.52, 0.6, 0.52, 1.3867504906, 1.3867504906},
      {"elu", 0.160520572267, 0.644945417493, 0.761578291865, 0.668102001223, 1.2451983007,
       1.2234285576},
      {"gelu", 0.282094791774, 0.425221482570, 0.5, 0.455850865649, 1.5335304412, 1.4811144127},
      {"softsign", 0, 0.183014021267, 0.412755100339, 0.227671340422, 2.3375333631, 2.0957806089}};
  for (const Row& row : rows) {
    const Moments m = moments(make_activation(row.name), 1);
    EXPECT_NEAR(m.value, row.value, 6e-13) << row.name;
    EXPECT_NEAR(m.value2, row.value2, 6e-13) << row.name;
    EXPECT_NEAR(m.derivative, row.derivative, 6e-13) << row.name;
    EXPECT_NEAR(m.derivative2, row.derivative2, 6e-13) << row.name;
    EXPECT_NEAR(1 / std::sqrt(m.value2), row.forward_gain, 6e-11) << row.name;
    EXPECT_NEAR(1 / std::sqrt(m.derivative2), row.backward_gain, 6e-11) << row.name;
  }
}

// E tanh^2 and E sech^4, where small Gauss-Hermite rules are wrong in the second digit.
TEST(MomentsTest, TanhFarBeyondGaussHermite) {
  const double rows[][3] = {{0.5, 0.273676307936739, 0.592425793371796},
                            {0.8, 0.354087068194086, 0.504832664951954},
                            {3, 0.589439084478130, 0.292017130692002},
                            {12.6, 0.782100599804523, 0.147977571641599},
                            {45.6, 0.882889436528750, 0.078494238445936}};
  for (const auto& [q, value2, derivative2] : rows) {
    const Moments m = moments(make_activation("tanh"), q);
    EXPECT_NEAR(m.value2, value2, 1e-14) << q;
    EXPECT_NEAR(m.derivative2, derivative2, 1e-14) << q;
  }
}

// Klambauer et al. 2017: mean 0 and variance 1 are kept; the gradient is not.
TEST(MomentsTest, SeluNormalisesItselfButNotItsGradient) {
  const Moments m = moments(make_activation("selu"), 1);
  EXPECT_NEAR(m.value, 0, 1e-15);
  EXPECT_NEAR(m.value2, 1, 1e-14);
  EXPECT_NEAR(m.derivative2, 1.071574992456, 6e-13);
  EXPECT_NEAR(std::pow(m.derivative2, 50), 31.705, 5e-4);
}

// LeCun et al. 1998, "Efficient BackProp": an activation of one's own.
TEST(MomentsTest, AnActivationOfOnesOwn) {
  const auto f = [](double x) { return 1.7159 * std::tanh(2 * x / 3); };
  const auto f1 = [](double x) { return 1.7159 * 2 / 3 / std::pow(std::cosh(2 * x / 3), 2); };
  const auto f2 = [f1](double x) { return -4.0 / 3 * std::tanh(2 * x / 3) * f1(x); };
  const ActivationFunction lecun{"lecun", f, f1, f2, {}};
  EXPECT_NEAR(f(1), 0.999997255922, 6e-13);
  EXPECT_NEAR(f1(0), 1.143933333, 6e-10);
  const Moments m = moments(lecun, 1);
  EXPECT_NEAR(m.value2, 0.750430276305, 6e-13);
  EXPECT_NEAR(m.derivative2, 0.803989113320, 6e-13);
}

TEST(MomentsTest, VarianceIsNotADifferenceOfLargeNumbers) {
  const double q = 1e-20;
  EXPECT_REL(moments(make_activation("sigmoid"), q).variance, q / 16, 1e-5);
  EXPECT_REL(moments(make_activation("relu"), 4).variance, 2 - 2 / std::numbers::pi, 1e-13);
}

TEST(MomentsTest, LimitsOfNoLengthAndOfInfiniteLength) {
  const double infinity = std::numeric_limits<double>::infinity();
  const Moments relu_zero = moments(make_activation("relu"), 0);
  EXPECT_EQ(relu_zero.value2, 0);
  EXPECT_REL(relu_zero.derivative2, 0.5, 1e-14);
  EXPECT_EQ(moments(make_activation("sigmoid"), 0).value2, 0.25);
  EXPECT_REL(moments(make_activation("gelu"), 0).derivative2, 0.25, 1e-14);
  EXPECT_EQ(moments(make_activation("relu"), infinity).value2, infinity);
  EXPECT_REL(moments(make_activation("gelu"), infinity).derivative2, 0.5, 1e-14);
  EXPECT_REL(moments(make_activation("tanh"), infinity).value2, 1, 1e-14);
  EXPECT_NEAR(moments(make_activation("tanh"), infinity).derivative2, 0, 1e-90);
  EXPECT_THROW(moments(make_activation("tanh"), -1), SpecError);
  EXPECT_THROW(moments(make_activation("tanh"), std::nan("")), SpecError);
}

}  // namespace
}  // namespace plumb::theory
