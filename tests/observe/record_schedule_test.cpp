// SPDX-License-Identifier: Apache-2.0
#include "plumb/observe/record_schedule.h"

#include <gtest/gtest.h>

#include <vector>

#include "plumb/core/error.h"

namespace plumb {
namespace {

std::vector<std::int64_t> due_steps(std::string_view text, std::int64_t end) {
  std::vector<std::int64_t> steps;
  const RecordSchedule schedule = RecordSchedule::parse(text);
  for (std::int64_t step = 0; step < end; ++step) {
    if (schedule.due(step)) steps.push_back(step);
  }
  return steps;
}

TEST(RecordScheduleTest, LogMeasuresPowersOfTwoThenEachAQuarterFurther) {
  EXPECT_EQ(due_steps("log", 400), (std::vector<std::int64_t>{0, 1, 2, 4, 8, 16, 32, 64, 80, 100,
                                                              125, 156, 195, 243, 303, 378}));
}

TEST(RecordScheduleTest, LogIsNeverMoreThanFiveHundredStepsApart) {
  const std::vector<std::int64_t> steps = due_steps("log", 20000);
  for (std::size_t i = 1; i < steps.size(); ++i) EXPECT_LE(steps[i] - steps[i - 1], 500);
  EXPECT_EQ(steps[23], 2246);
  EXPECT_EQ(steps.back() - steps[steps.size() - 2], 500);
}

TEST(RecordScheduleTest, EveryKMeasuresMultiplesAndTheFirstStepsAsLogDoes) {
  EXPECT_EQ(due_steps("every=1", 4), (std::vector<std::int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(due_steps("every=3", 10), (std::vector<std::int64_t>{0, 1, 2, 3, 6, 9}));
  EXPECT_EQ(due_steps("every=10", 31), (std::vector<std::int64_t>{0, 1, 2, 4, 8, 10, 20, 30}));
}

TEST(RecordScheduleTest, OffMeasuresNothing) { EXPECT_TRUE(due_steps("off", 1000).empty()); }

TEST(RecordScheduleTest, TextRoundTrips) {
  for (const char* text : {"log", "off", "every=7"}) {
    EXPECT_EQ(RecordSchedule::parse(text).to_string(), text);
  }
}

TEST(RecordScheduleTest, RefusesEverythingElse) {
  for (const char* text : {"", "every", "every=", "every=0", "every=-1", "every=2x", "sometimes"}) {
    EXPECT_THROW(RecordSchedule::parse(text), SpecError) << text;
  }
}

}  // namespace
}  // namespace plumb
