// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/finite_width.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "plumb/core/error.h"
#include "tests/theory/near.h"

namespace plumb::theory {
namespace {

TEST(FiniteWidthTest, ReluProducts) {
  const Moments relu = moments(make_activation("relu"), 1);
  const struct {
    std::int64_t width;
    std::size_t layers;
    double product, tolerance;
  } rows[] = {{10, 5, 7.59375, 1e-12},     {10, 10, 57.66503906, 1e-9},
              {10, 20, 3325.25673, 1e-9},  {50, 20, 6.727499949, 1e-9},
              {50, 50, 117.3908529, 1e-9}, {100, 100, 131.5012578, 1e-9},
              {500, 50, 1.644631822, 1e-9}};
  for (const auto& row : rows) {
    const std::vector<std::int64_t> widths(row.layers, row.width);
    EXPECT_REL(square_factor(relu, widths), row.product, row.tolerance) << row.width;
  }
  EXPECT_REL(square_factor(relu, 7), 1 + 5.0 / 7, 1e-13);
}

// Given that a unit is alive, by another program.
TEST(FiniteWidthTest, LogOfAReluLayer) {
  const struct {
    std::int64_t width;
    double mean, variance;
  } rows[] = {{10, -.307461010692, .866734253},  {20, -.137186724769, .311758075},
              {50, -.051738780850, .108168133},  {64, -.040108598836, .082997351},
              {100, -.025420885623, .051939992}, {128, -.019786401877, .040233993},
              {256, -.009828659364, .019818709}, {512, -.004898479353, .009836836},
              {1000, -.002504095386, .005018585}};
  for (const auto& row : rows) {
    const LogFactor factor = relu_log_factor(row.width);
    EXPECT_NEAR(factor.mean, row.mean, 6e-13) << row.width;
    EXPECT_NEAR(factor.variance, row.variance, 6e-10) << row.width;
  }
  EXPECT_REL(relu_log_factor(100000).mean, -2.5e-5, 1e-4);
  EXPECT_REL(relu_log_factor(100000).variance, 5e-5, 1e-4);
  // One unit: ln(2 chi^2_1).
  EXPECT_NEAR(relu_log_factor(1).mean, std::log(4.0) - 1.963510026021423, 1e-14);
}

TEST(FiniteWidthTest, LogNormalIsCloseToTheExactOne) {
  const LogFactor approximate = log_factor(moments(make_activation("relu"), 1), 256);
  EXPECT_REL(approximate.mean, relu_log_factor(256).mean, 0.02);
  EXPECT_REL(approximate.variance, relu_log_factor(256).variance, 0.03);
  // A linear layer: chi^2_n / n.
  EXPECT_REL(square_factor(moments(make_activation("identity"), 1), 50), 1.04, 1e-13);
}

TEST(FiniteWidthTest, RefusesNoWidth) {
  EXPECT_THROW(relu_log_factor(0), SpecError);
  EXPECT_THROW(log_factor(moments(make_activation("tanh"), 1), 0), SpecError);
}

}  // namespace
}  // namespace plumb::theory
