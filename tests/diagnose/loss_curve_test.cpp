// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/loss_curve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace plumb {
namespace {

StepRecord step_of(std::int64_t index, double loss) {
  StepRecord step;
  step.step = index;
  step.loss = loss;
  return step;
}

// Whatever the length, every step has its part in the means, in bounded memory.
TEST(LossCurveTest, KeepsTheMeanOfARunOfAnyLength) {
  for (const std::int64_t steps : {1, 7, 400, 401, 1000, 54'321}) {
    LossCurve curve;
    for (std::int64_t i = 0; i < steps; ++i) curve.add(step_of(i, static_cast<double>(i)));
    double sum = 0;
    std::int64_t count = 0;
    std::int64_t next = 0;
    double highest = -1;
    for (const LossCurve::Stretch& one : curve.stretches()) {
      EXPECT_EQ(one.first_step, next) << steps;
      next += one.steps;
      sum += one.loss * static_cast<double>(one.steps);
      count += one.steps;
      EXPECT_GE(one.highest, one.loss);
      highest = std::max(highest, one.highest);
    }
    EXPECT_EQ(count, steps);
    EXPECT_EQ(highest, static_cast<double>(steps - 1));
    EXPECT_EQ(curve.steps(), steps);
    EXPECT_NEAR(sum, static_cast<double>(steps * (steps - 1)) / 2, 1e-9 * sum);
    EXPECT_LE(curve.stretches().size(), 400u);
  }
}

TEST(LossCurveTest, LeavesOutWhatIsNotFiniteAndSaysHowItEnds) {
  LossCurve curve;
  curve.add(step_of(0, 2));
  curve.add(step_of(1, std::numeric_limits<double>::quiet_NaN()));
  EXPECT_FALSE(curve.ends_finite());
  StepRecord skipped = step_of(2, std::numeric_limits<double>::infinity());
  skipped.skipped = true;
  curve.add(skipped);
  curve.add(step_of(3, 1));
  EXPECT_TRUE(curve.ends_finite());
  EXPECT_EQ(curve.steps(), 2);
  EXPECT_EQ(curve.first()->loss, 2);
}

TEST(LossCurveTest, KeepsTheBestAndTheLastValidation) {
  LossCurve curve;
  for (const double loss : {3.0, 1.0, 2.0}) {
    StepRecord step = step_of(curve.steps(), 1);
    step.validation_loss = loss;
    curve.add(step);
  }
  EXPECT_EQ(curve.best_validation()->loss, 1);
  EXPECT_EQ(curve.best_validation()->step, 1);
  EXPECT_EQ(curve.last_validation()->loss, 2);
  EXPECT_TRUE(std::isnan(curve.last_validation()->accuracy));
}

}  // namespace
}  // namespace plumb
