// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/learning.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/loss_course.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

plumb::Run course(int steps, const std::vector<double>& losses, double noise = 0.01) {
  return test::with_losses(test::flat_run(2, 8, "relu", 1), steps, losses, noise);
}

Learning learning_in(const plumb::Run& run) {
  LossCurve curve;
  for (const StepRecord& step : run.steps) curve.add(step);
  return learning_of(run.info, curve);
}

TEST(LearningTest, ANetworkAtTheBestConstantAnswerHasNotLearned) {
  for (const double noise : {0.0, 0.001, 0.02}) {
    const Learning flat = learning_in(course(200, {2.31, 2.3026, 2.3026}, noise));
    EXPECT_TRUE(flat.known);
    EXPECT_FALSE(flat.learns) << noise;
    EXPECT_TRUE(flat.at_baseline()) << noise;
    EXPECT_NEAR(flat.gained, 0, 0.02);
  }
}

// The noise of one lucky stretch is no learning.
TEST(LearningTest, ALargeNoiseIsNoLearning) {
  plumb::Run run = course(200, {2.3, 2.3}, 0.3);
  for (StepRecord& step : run.steps) step.accuracy = std::numeric_limits<double>::quiet_NaN();
  const Learning noisy = learning_in(run);
  EXPECT_FALSE(noisy.learns);
  EXPECT_FALSE(noisy.converged);
}

/// Losses of a network that knows nothing of a class of 2 %: a batch of 32 has about none or one of
/// it, and the mean is that of the best constant answer.
plumb::Run rare_class(int steps, double of_common, double of_rare) {
  plumb::Run run = course(steps, {0.1, 0.1}, 0);
  run.info.baseline = Baseline{0.1, std::nan(""), 0.98};
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    run.steps[i].loss = i % 4 < 2 ? of_common : of_rare;
    run.steps[i].accuracy = 0.98;
  }
  run.steps.front().loss = 0.7;
  return run;
}

TEST(LearningTest, BatchesWithoutARareSampleAreBelowTheBaselineAndTellNothing) {
  const Learning none = learning_in(rare_class(400, 0.02, 0.18));
  EXPECT_NEAR(none.at_last, 0.1, 0.01);
  EXPECT_FALSE(none.learns);
  EXPECT_TRUE(none.at_baseline());
  const Learning some = learning_in(rare_class(400, 0.01, 0.09));
  EXPECT_NEAR(some.gained, 0.5, 0.05);
  EXPECT_TRUE(some.learns);
}

TEST(LearningTest, GainsThatNoiseHidesAreNeitherLearningNorItsAbsence) {
  const Learning hidden = learning_in(rare_class(120, 0.01, 0.16));
  EXPECT_FALSE(hidden.learns);
  EXPECT_TRUE(hidden.is_early());
  // The validation part tells.
  plumb::Run run = rare_class(120, 0.01, 0.16);
  run.steps.back().validation_loss = 0.08;
  EXPECT_TRUE(learning_in(run).learns);
}

TEST(LearningTest, OutliersOfATargetAreInTheLossOfAnEpoch) {
  plumb::Run run = course(400, {500, 500}, 0);
  run.info.baseline = Baseline{500, std::nan(""), std::nan("")};
  run.info.batch = 32;
  run.info.data_info.emplace().samples = 1280;
  for (std::size_t i = 0; i < run.steps.size(); ++i) run.steps[i].loss = i % 40 == 0 ? 20000 : 1;
  const Learning outliers = learning_in(run);
  EXPECT_FALSE(outliers.converged);
  EXPECT_FALSE(outliers.learns);
}

TEST(LearningTest, LabelsFullOfNoiseAllowLittleAndThatIsNotNothing) {
  const Learning weak = learning_in(course(400, {0.71, 0.672, 0.672, 0.672}, 0.02));
  EXPECT_FALSE(weak.at_baseline());
}

// Of losses that go up and down by 2 d the deviation is told by what two normal numbers lie apart
// in the median: sqrt(2) times the third quartile 0.67449.
TEST(LearningTest, KnowsTheNoiseOfAStep) {
  plumb::Run run = course(200, {2, 2}, 0);
  for (StepRecord& step : run.steps) step.loss = step.step % 2 == 0 ? 2.05 : 1.95;
  const double deviation = 0.1 / (std::sqrt(2.0) * 0.67449);
  EXPECT_NEAR(learning_in(run).noise, deviation, 1e-4 * deviation);
  // Of the mean of 20 stretches, the last tenth.
  EXPECT_NEAR(learning_in(run).standard_error, 0.05 / std::sqrt(20.0), 1e-9);
}

// A class of one in fifty: what was gained is less than what batches vary by, and far from nothing.
TEST(LearningTest, WhatIsBelowTheBaselineByLessThanTheNoiseIsNoFailure) {
  for (const double end : {0.5, 0.7, 0.9}) {
    plumb::Run run = course(200, {end, end});
    for (StepRecord& step : run.steps) {
      step.loss = step.step % 3 == 0 ? end + 3 : end;
      step.accuracy = std::numeric_limits<double>::quiet_NaN();
    }
    const Learning noisy = learning_in(run);
    EXPECT_FALSE(noisy.learns) << end;
    EXPECT_FALSE(noisy.at_baseline()) << end;
    EXPECT_TRUE(noisy.is_early()) << end;
  }
}

// Six targets of 1200 lie far out: the median of some batches sees none of them, and the constant
// answer pays for all.
TEST(LearningTest, AMedianThatSeesNoRareSampleIsNoLearning) {
  plumb::Run run = course(500, {1, 1}, 0.1);
  run.info.batch = 32;
  for (StepRecord& step : run.steps) step.accuracy = std::numeric_limits<double>::quiet_NaN();
  run.info.baseline = Baseline{.loss = 576, .loss_deviation = 8800};
  const Learning rare = learning_in(run);
  EXPECT_FALSE(rare.learns);
  EXPECT_FALSE(rare.converged);
  EXPECT_FALSE(rare.at_baseline());
  run.info.baseline->loss_deviation = 600;
  EXPECT_TRUE(learning_in(run).learns);
  EXPECT_TRUE(learning_in(run).converged);
}

// Data that say little: the best network there is has 60 % right where the constant has 50 %.
TEST(LearningTest, WhatHoldsForHeldOutSamplesWasLearned) {
  plumb::Run run = course(300, {0.7, 0.672}, 0.03);
  run.info.classes = 2;
  run.info.baseline = Baseline{.loss = 0.693, .loss_deviation = 0.004, .accuracy = 0.5};
  for (StepRecord& step : run.steps) step.accuracy = 0.58;
  const auto learns = [&](double loss, double accuracy, std::int64_t samples) {
    run.info.data_info.emplace().validation_samples = samples;
    run.steps.back().validation_loss = loss;
    run.steps.back().validation_accuracy = accuracy;
    return learning_in(run).learns;
  };
  EXPECT_TRUE(learns(0.665, 0.605, 300));
  EXPECT_FALSE(learns(0.665, 0.605, 100)) << "three standard errors are 15 points";
  EXPECT_FALSE(learns(0.665, 0.99, 40)) << "too few to witness";
  EXPECT_FALSE(learns(0.69, 0.605, 300)) << "as weights that decay away do";
  EXPECT_FALSE(learns(0.665, 0.55, 300));
}

TEST(LearningTest, KnowsWhatWasGained) {
  const Learning half = learning_in(course(200, {2.3, 1.15, 1.15, 1.15}));
  EXPECT_NEAR(half.gained, 0.5, 0.02);
  EXPECT_TRUE(half.learns);
  EXPECT_FALSE(half.reached);
  EXPECT_TRUE(half.flat);
  const Learning most = learning_in(course(200, {2.3, 0.2, 0.2}));
  EXPECT_TRUE(most.reached);
  EXPECT_FALSE(most.converged);
  EXPECT_TRUE(learning_in(course(200, {2.3, 1e-4, 1e-4})).converged);
}

TEST(LearningTest, TooFewStepsAreNoFailure) {
  const Learning few = learning_in(course(60, {2.31, 2.3}));
  EXPECT_FALSE(few.learns);
  EXPECT_FALSE(few.at_baseline());
  EXPECT_TRUE(few.is_early());
}

TEST(LearningTest, WhatStillFallsIsNoFailure) {
  const Learning falling = learning_in(course(300, {2.31, 2.25}, 0.001));
  EXPECT_FALSE(falling.flat);
  EXPECT_FALSE(falling.at_baseline());
}

TEST(LearningTest, SeesWhatWasLost) {
  const Learning lost = learning_in(course(200, {2.3, 0.3, 0.3, 2.2}));
  EXPECT_TRUE(lost.lost);
  EXPECT_NEAR(lost.best, 0.3, 0.1);
  EXPECT_TRUE(learning_in(course(200, {2.3, 40})).lost);
  EXPECT_FALSE(learning_in(course(200, {2.3, 0.3, 0.5, 0.3})).lost);
  EXPECT_FALSE(learning_in(course(200, {90, 2.3})).lost) << "a large start that comes down";
}

// A sure network that errs seldom has a large loss, and has learned all the same.
TEST(LearningTest, AccuracyAloneShowsLearningToo) {
  plumb::Run run = course(200, {2.3, 4, 4});
  for (StepRecord& step : run.steps) step.accuracy = step.step < 20 ? 0.1 : 0.97;
  const Learning sure = learning_in(run);
  EXPECT_TRUE(sure.learns);
  EXPECT_TRUE(sure.reached);
  EXPECT_FALSE(sure.lost);
}

// Weights that decay away leave a few more samples right, and the loss where it was.
TEST(LearningTest, AFewMoreRightAtTheLossOfTheBaselineIsNoLearning) {
  plumb::Run run = course(200, {2.5, 2.3026, 2.3026, 2.3026}, 0.001);
  for (StepRecord& step : run.steps) step.accuracy = 0.3;
  EXPECT_FALSE(learning_in(run).learns);
  EXPECT_TRUE(learning_in(run).at_baseline());
  for (StepRecord& step : run.steps) step.accuracy = 0.5;
  EXPECT_TRUE(learning_in(run).learns);
}

TEST(LearningTest, KnowsWhenTheLossLeftTheBaseline) {
  const auto left = [](const plumb::Run& run) {
    LossCurve curve;
    for (const StepRecord& step : run.steps) curve.add(step);
    return step_off_reference(run.info, curve);
  };
  const std::int64_t soon = left(course(200, {2.3, 0.2, 0.2}));
  EXPECT_GE(soon, 0);
  EXPECT_LT(soon, 20);
  EXPECT_GT(left(course(200, {2.31, 2.31, 1})), 100);
  EXPECT_EQ(left(course(200, {2.31, 2.3})), -1);
}

TEST(LearningTest, WithoutABaselineItCanTellThatItLearnsAndNotThatItDoesNot) {
  plumb::Run run = course(200, {2.3, 0.2, 0.2});
  run.info.baseline.reset();
  EXPECT_TRUE(learning_in(run).learns);
  run = course(200, {2.3, 2.3});
  run.info.baseline.reset();
  EXPECT_FALSE(learning_in(run).at_baseline());
}

// The same for a loss in other units: every limit is a ratio.
TEST(LearningTest, AFactorOnTheLossMovesNothing) {
  for (const auto& losses : std::vector<std::vector<double>>{
           {2.3, 2.3}, {2.3, 0.2}, {2.3, 0.3, 2.2}, {2.3, 1e-6}, {2.3, 2.2}}) {
    const plumb::Run run = course(200, losses);
    const Learning as_it_is = learning_in(run);
    for (const double factor : {65536.0, 1e-9}) {
      plumb::Run other = run;
      other.info.baseline->loss *= factor;
      for (StepRecord& step : other.steps) step.loss *= factor;
      const Learning scaled = learning_in(other);
      EXPECT_EQ(scaled.learns, as_it_is.learns);
      EXPECT_EQ(scaled.reached, as_it_is.reached);
      EXPECT_EQ(scaled.converged, as_it_is.converged);
      EXPECT_EQ(scaled.flat, as_it_is.flat);
      EXPECT_EQ(scaled.lost, as_it_is.lost);
      EXPECT_EQ(scaled.at_baseline(), as_it_is.at_baseline());
    }
  }
}

TEST(LearningTest, ALossWithoutAFloorTellsNothing) {
  plumb::Run run = course(200, {2.3, 0.2});
  run.info.loss = "difference";
  EXPECT_FALSE(learning_in(run).known);
  run.info.loss = "";
  run.steps[50].loss = -1;
  EXPECT_FALSE(learning_in(run).known);
}

}  // namespace
}  // namespace plumb
