// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/dying_relu.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "plumb/core/error.h"
#include "tests/theory/near.h"

namespace plumb::theory {
namespace {

struct Row {
  std::int64_t width, hidden;
  double lower, sampled, upper;
};

// `sampled` is the fraction of 40000 networks that another program drew.
const Row kRows[] = {{2, 2, .156250, .1564, .437500},   {2, 9, .870256, .8778, .924915},
                     {2, 10, .902566, .9133, .943686},  {3, 9, .513389, .5764, .699342},
                     {3, 10, .568373, .6287, .736924},  {5, 9, .063985, .1303, .248541},
                     {5, 10, .076857, .1511, .272024},  {10, 9, .000076, .0011, .008755},
                     {10, 10, .000094, .0022, .009723}, {4, 50, .928952, .9490, .960321},
                     {8, 50, .031988, .1439, .177737}};

TEST(DyingReluTest, Bounds) {
  for (const Row& row : kRows) {
    const DeathBounds bounds = born_dead(row.width, row.hidden);
    EXPECT_NEAR(bounds.lower, row.lower, 6e-7) << row.width << "x" << row.hidden;
    EXPECT_NEAR(bounds.upper, row.upper, 6e-7) << row.width << "x" << row.hidden;
    const double noise = 3 * std::sqrt(row.sampled * (1 - row.sampled) / 40000);
    EXPECT_LE(bounds.lower, row.sampled + noise);
    EXPECT_GE(bounds.upper, row.sampled - noise);
  }
}

// The paper's rates for ten layers: over 90% at width 2, about 60% at 3, over 10% at 5, under 1%
// at 10.
TEST(DyingReluTest, AgreesWithThePrintedRates) {
  EXPECT_GT(born_dead(2, 10).lower, 0.9);
  EXPECT_LT(born_dead(3, 9).lower, 0.6);
  EXPECT_GT(born_dead(3, 9).upper, 0.6);
  EXPECT_GT(born_dead(5, 9).upper, 0.1);
  EXPECT_LT(born_dead(10, 9).upper, 0.01);
}

TEST(DyingReluTest, OneInput) {
  const std::vector<std::int64_t> widths{1, 2, 60};
  EXPECT_REL(silent_probability(widths), 1 - 0.5 * 0.75, 1e-15);
  const std::vector<std::int64_t> wide{60};
  EXPECT_REL(silent_probability(wide), std::exp2(-60), 1e-14);
  EXPECT_THROW(born_dead(0, 3), SpecError);
  EXPECT_THROW(born_dead(3, 0), SpecError);
}

}  // namespace
}  // namespace plumb::theory
