// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/dropout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/layer_checks.h"

namespace plumb::testing {

INSTANTIATE_TEST_SUITE_P(Dropout, LayerChecks,
                         ::testing::Values(LayerCase{.text = "dropout 0.3"},
                                           LayerCase{.text = "dropout 0"}));

namespace {

std::vector<double> dropped(double p, std::uint64_t seed, const std::string& path,
                            std::uint64_t step, Mode mode = Mode::train, int threads = 1) {
  ThreadPool pool(threads);
  Dropout dropout(p, seed, path);
  Tensor x({100, 1001}, DType::f32), y({100, 1001}, DType::f32);
  std::ranges::fill(x.as<float>(), 1.0f);
  dropout.forward(x.view(), y.view(), {.mode = mode, .step = step, .pool = pool});
  return values_of(y.view());
}

TEST(DropoutTest, DropsTheFractionAndKeepsTheMean) {
  const std::vector<double> y = dropped(0.3, 1, "a", 0);
  const double n = static_cast<double>(y.size());
  const double zero_fraction = static_cast<double>(std::ranges::count(y, 0.0)) / n;
  EXPECT_NEAR(zero_fraction, 0.3, 5 * std::sqrt(0.3 * 0.7 / n));  // five standard deviations
  for (const double v : y) EXPECT_TRUE(v == 0 || std::abs(v - 1 / 0.7) < 1e-6) << v;
}

TEST(DropoutTest, TheMaskIsNamedBySeedPathAndStepAlone) {
  const std::vector<double> y = dropped(0.5, 1, "a", 7);
  EXPECT_EQ(dropped(0.5, 1, "a", 7, Mode::train, 3), y);
  EXPECT_NE(dropped(0.5, 2, "a", 7), y);
  EXPECT_NE(dropped(0.5, 1, "b", 7), y);
  EXPECT_NE(dropped(0.5, 1, "a", 8), y);
}

TEST(DropoutTest, InferenceIsTheIdentityBothWays) {
  for (const double v : dropped(0.5, 1, "a", 0, Mode::infer)) ASSERT_EQ(v, 1.0);
  ThreadPool pool(1);
  Dropout dropout(0.5, 1, "a");
  const Tensor g = random_tensor({4, 5}, DType::f64, "g");
  Tensor grad_x({4, 5}, DType::f64);
  dropout.backward(g.view(), g.view(), g.view(), grad_x.view(),
                   {.mode = Mode::infer, .pool = pool});
  EXPECT_EQ(values_of(grad_x.view()), values_of(g.view()));
}

TEST(DropoutTest, ItsDerivativeIsTheMaskOfTheLastForward) {
  ThreadPool pool(1);
  Dropout dropout(0.5, 1, "a");
  const Tensor x = random_tensor({4, 50}, DType::f64, "x");
  Tensor y({4, 50}, DType::f64), derivative({4, 50}, DType::f64), grad_x({4, 50}, DType::f64);
  EXPECT_FALSE(dropout.derivative(x.view(), y.view(), derivative.view()));
  dropout.forward(x.view(), y.view(), {.step = 3, .pool = pool});
  ASSERT_TRUE(dropout.derivative(x.view(), y.view(), derivative.view()));
  dropout.backward(x.view(), y.view(), x.view(), grad_x.view(), {.step = 3, .pool = pool});
  for (std::size_t i = 0; i < 200; ++i) {
    EXPECT_EQ(y.as<double>()[i], x.as<double>()[i] * derivative.as<double>()[i]);
    EXPECT_EQ(grad_x.as<double>()[i], y.as<double>()[i]);
  }
}

}  // namespace
}  // namespace plumb::testing
