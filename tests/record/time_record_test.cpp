// SPDX-License-Identifier: Apache-2.0
#include "plumb/record/time_record.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "plumb/record/step_record.h"

namespace plumb {
namespace {

TEST(TimeRecordTest, ValuesAreKeptToTheirResolution) {
  EXPECT_EQ(time_value(-3.00048, TimeStatistic::log2_rms), -3.0F);
  EXPECT_EQ(time_value(-3.0005, TimeStatistic::log2_rms), -3.0F - 1.0F / 1024);
  EXPECT_NEAR(static_cast<double>(time_value(0.99872776, TimeStatistic::mean)), 0.99872776, 8e-6);
  EXPECT_FALSE(std::signbit(time_value(-1e-9, TimeStatistic::log2_rms)));
  EXPECT_TRUE(std::isnan(time_value(std::nan(""), TimeStatistic::mean)));
  EXPECT_EQ(time_value(-std::numeric_limits<double>::infinity(), TimeStatistic::log2_rms),
            -std::numeric_limits<float>::infinity());
}

// Derivatives below kSaturatedDerivative of the largest: s (1 - s) < 0.05 / 4 and 1 - h^2 < 0.05.
TEST(TimeRecordTest, FlatEndsAreWhereTheDerivativeIsSmall) {
  EXPECT_NEAR(kSigmoidFlat * (1 - kSigmoidFlat), kSaturatedDerivative / 4, 1e-9);
  EXPECT_NEAR(1 - kTanhFlat * kTanhFlat, kSaturatedDerivative, 1e-9);
}

TEST(TimeRecordTest, NamesReadBack) {
  for (std::size_t i = 0; i < kTimeStatisticCount; ++i) {
    const auto statistic = static_cast<TimeStatistic>(i);
    EXPECT_EQ(parse_time_statistic(to_string(statistic)), statistic);
  }
  EXPECT_EQ(parse_time_statistic("rms"), std::nullopt);
}

TEST(TimeRecordTest, AStepFindsARecordByLayerAndDirection) {
  StepRecord step;
  step.times = {{1, false, 3, 4, {}}, {1, true, 3, 4, {}}, {2, false, 3, 4, {}}};
  EXPECT_EQ(step.time(1, true), &step.times[1]);
  EXPECT_EQ(step.time(2), &step.times[2]);
  EXPECT_EQ(step.time(2, true), nullptr);
}

}  // namespace
}  // namespace plumb
