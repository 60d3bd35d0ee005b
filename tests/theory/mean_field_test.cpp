// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/mean_field.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/theory/near.h"

namespace plumb::theory {
namespace {

struct Row {
  double weight_std, bias_std, q, chi1, xi_q, c_star, xi_c, xi_grad;
};

// tanh, by another program (trapezoid rules; the first three checked with mpmath to 16 digits).
TEST(MeanFieldTest, TanhTable) {
  const double root = std::sqrt(0.05);
  const Row rows[] = {
      {1.5, 0.05, 0.798387114308096, 1.136707784095615, 1.45062254452, 0.052086236372,
       16.2006416881, -7.80419733004},
      {1.5, root, 0.889424917282491, 1.092337929486261, 1.27297466827, 0.567224926759,
       15.1170864528, -11.3224267591},
      {1.0, root, 0.193592520245297, 0.759031647185394, 1.74762624290, 1, 3.62697561805,
       3.62697561805},
      {std::sqrt(1.5), root, 0.418037200533, 0.938636268199, 1.6828283887, 1, 15.7909940341,
       15.7909940341},
      {2.5, 0.3, 4.079123875282, 1.585224765006, 0.6883414572, 0.122103747306, 5.1089189892,
       -2.1704864830},
      {1.0, 0.05, 0.037122035080, 0.934059069547, 7.2658711174, 1, 14.6594036085, 14.6594036085},
      {2.0, 0.05, 2.125208447879, 1.361628373221, 0.9027325169, 0.009890651053, 7.8984663923,
       -3.2395870617},
      {1.5, 0, 0.793354042607, 1.139323224985, 1.4623407367, 0, 17.0482027957, -7.6666877552},
      {2.0, 0, 2.121473568203, 1.362673337522, 0.9043748766, 0, 7.9796329210, -3.2315559143}};
  const MomentGrid grid(make_activation("tanh"));
  for (const Row& row : rows) {
    const MeanField m = analyse(grid, {row.weight_std, row.bias_std});
    const auto place = testing::Message() << row.weight_std << " " << row.bias_std;
    EXPECT_NEAR(m.reached.q, row.q, 6e-13) << place;
    EXPECT_NEAR(m.reached.chi1, row.chi1, 6e-13) << place;
    EXPECT_REL(m.xi_q, row.xi_q, 1e-10) << place;
    EXPECT_NEAR(m.c_star, row.c_star, 1e-12) << place;
    EXPECT_REL(m.xi_c, row.xi_c, 1e-10) << place;
    EXPECT_REL(m.xi_grad, row.xi_grad, 1e-10) << place;
    EXPECT_EQ(m.phase, row.chi1 < 1 ? Phase::ordered : Phase::chaotic) << place;
    EXPECT_EQ(m.trainable_depth_is_bound, row.chi1 > 1) << place;
    EXPECT_REL(m.trainable_depth, 6 * row.xi_c, 1e-10) << place;
  }
}

// By the rule of 6 xi a sigmoid network with Xavier's scale trains to two layers.
TEST(MeanFieldTest, ShallowReachOfSigmoid) {
  const MeanField m = analyse(MomentGrid(make_activation("sigmoid")), {1, 0});
  EXPECT_NEAR(m.trainable_depth, 6 * 0.346331927, 1e-8);
  EXPECT_EQ(m.phase, Phase::ordered);
}

TEST(MeanFieldTest, CriticalityHasNoScale) {
  const MeanField relu = analyse(MomentGrid(make_activation("relu")), {std::sqrt(2.0), 0});
  EXPECT_EQ(relu.phase, Phase::critical);
  EXPECT_EQ(relu.trainable_depth, INFINITY);
  EXPECT_EQ(relu.c_star, 1);
  const MeanField tanh = analyse(MomentGrid(make_activation("tanh")), {1, 0});
  EXPECT_EQ(tanh.phase, Phase::critical);
  EXPECT_EQ(tanh.reached.q, 0);
}

TEST(MeanFieldTest, ReluAwayFromItsPoint) {
  const MomentGrid grid(make_activation("relu"));
  const MeanField dies = analyse(grid, {1, 0});
  EXPECT_REL(dies.xi_grad, 1 / std::log(2.0), 1e-12);
  EXPECT_TRUE(std::isnan(dies.c_star));
  const MeanField biased = analyse(grid, {1, 0.3});
  EXPECT_EQ(biased.c_star, 1);
  EXPECT_REL(biased.xi_c, 1 / std::log(2.0), 1e-12);
  const MeanField grows = analyse(grid, {1.5, 0.1});
  EXPECT_EQ(grows.reached.q, INFINITY);
  EXPECT_EQ(grows.phase, Phase::chaotic);
}

// Barely chaotic: c* is close to 1 and must not be lost in rounding.
TEST(MeanFieldTest, CloseToTheEdge) {
  const MomentGrid grid(make_activation("tanh"));
  const MeanField m = analyse(grid, {1.3041458400565 * (1 + 1e-4), 0.2});
  EXPECT_EQ(m.phase, Phase::chaotic);
  // 1 - c* = (chi1 - 1) kappa (1 + ...): the curvature of the map at c = 1 is 1 / kappa each way.
  EXPECT_REL(m.one_minus_c_star, (m.reached.chi1 - 1) * 7.083737824906, 0.01);
  EXPECT_GT(m.xi_c, 0);
}

TEST(MeanFieldTest, DepthScales) {
  EXPECT_EQ(depth_scale(0), 0);
  EXPECT_EQ(depth_scale(std::exp(-0.5)), 2);
  EXPECT_TRUE(std::isinf(depth_scale(1)));
  EXPECT_LT(depth_scale(2), 0);
}

}  // namespace
}  // namespace plumb::theory
