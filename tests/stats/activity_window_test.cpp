// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/activity_window.h"

#include <gtest/gtest.h>

#include <vector>

namespace plumb {
namespace {

/// A batch of 4 samples of two units in that step: the first one is active in `active` of them.
DerivativeStats add_batch(ActivityWindow& window, std::int64_t step, int active) {
  std::vector<float> x(8, 0.0f);
  for (int i = 0; i < active; ++i) x[static_cast<std::size_t>(2 * i)] = 1.0f;
  window.begin(step);
  return window.add({x.data(), DType::f32, Shape{4, 2}}, 0.5);
}

TEST(ActivityWindowTest, AnEmptyWindowHasNoDeadUnits) {
  const ActivityWindow window(2, 8);
  EXPECT_EQ(window.units(), 2);
  EXPECT_EQ(window.dead_units(), 0);
  EXPECT_EQ(window.active_fraction(), 0.0);
}

TEST(ActivityWindowTest, TakesAnyAxes) {
  const std::vector<float> x{1, 0, 1, 1, 0, 0};  // two units of three samples
  const std::vector<int> first{0};
  ActivityWindow window(2, 8);
  window.add(ConstView{x.data(), DType::f32, Shape{2, 3}}, {1, first}, 0.5);
  EXPECT_EQ(window.sample_count(), 3u);
  EXPECT_EQ(window.dead_units(), 0);
  EXPECT_EQ(window.active_fraction(), 0.5);
}

TEST(ActivityWindowTest, HoldsTheSamplesOfItsStepsAlone) {
  ActivityWindow window(2, 3);
  std::vector<std::uint64_t> counts;
  for (const int step : {0, 1, 2, 3, 4, 8, 9, 100}) {
    add_batch(window, step, 1);
    counts.push_back(window.sample_count());
  }
  EXPECT_EQ(counts, (std::vector<std::uint64_t>{4, 8, 12, 12, 12, 4, 8, 4}));
}

TEST(ActivityWindowTest, AUnitIsDeadOnceItsLastActivityHasLeftTheWindow) {
  ActivityWindow window(2, 4);
  add_batch(window, 0, 3);
  EXPECT_EQ(window.dead_units(), 1);  // the second one never was active
  EXPECT_DOUBLE_EQ(window.active_fraction(), 3.0 / 8);
  for (int step = 1; step < 4; ++step) add_batch(window, step, 0);
  EXPECT_EQ(window.dead_units(), 1);
  EXPECT_DOUBLE_EQ(window.active_fraction(), 3.0 / 32);
  add_batch(window, 4, 0);
  EXPECT_EQ(window.dead_units(), 2);
  EXPECT_EQ(window.active_fraction(), 0.0);
}

// What a unit did at step 0 says nothing of it at step 100, however few steps were measured.
TEST(ActivityWindowTest, DoesNotReachBackOverStepsThatWereNotAdded) {
  ActivityWindow window(2, 4);
  add_batch(window, 0, 4);
  add_batch(window, 100, 0);
  EXPECT_EQ(window.dead_units(), 2);
}

TEST(ActivityWindowTest, PartsOfAStepAreOneAndAnEarlierStepBeginsAnew) {
  ActivityWindow window(2, 4);
  add_batch(window, 7, 4);
  add_batch(window, 7, 0);
  EXPECT_EQ(window.sample_count(), 8u);
  EXPECT_EQ(window.dead_units(), 1);
  add_batch(window, 6, 0);
  EXPECT_EQ(window.sample_count(), 4u);
  EXPECT_EQ(window.dead_units(), 2);
}

TEST(ActivityWindowTest, BatchesWithoutSilenceFillItAsOthersDo) {
  ActivityWindow window(2, 2);
  add_batch(window, 0, 4);  // the second unit is silent
  EXPECT_EQ(window.dead_units(), 1);
  window.begin(1);
  const DerivativeStats stats = window.add_all_active(4, 8, 2, 32.0);
  EXPECT_EQ(stats.count, 8U);
  EXPECT_EQ(stats.log2_rms, 1);
  EXPECT_EQ(stats.below_fraction, 0.25);
  EXPECT_EQ(window.sample_count(), 8U);
  EXPECT_EQ(window.dead_units(), 0);
  EXPECT_DOUBLE_EQ(window.active_fraction(), 12.0 / 16);
  add_batch(window, 2, 4);
  EXPECT_EQ(window.dead_units(), 0);
  add_batch(window, 3, 4);  // it has left
  EXPECT_EQ(window.dead_units(), 1);
}

TEST(ActivityWindowTest, JudgesTheLatestBatchAlone) {
  ActivityWindow window(2, 8);
  add_batch(window, 0, 4);
  EXPECT_DOUBLE_EQ(add_batch(window, 1, 2).below_fraction, 6.0 / 8);
}

}  // namespace
}  // namespace plumb
