// SPDX-License-Identifier: Apache-2.0
#include "plumb/optim/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "plumb/core/error.h"

namespace plumb {
namespace {

std::string error(std::string_view text, double rate = 0.1, std::int64_t warmup = 0,
                  std::int64_t total = 100) {
  try {
    parse_schedule(text, rate, warmup, total);
  } catch (const SpecError& e) {
    return e.what();
  }
  return "no error";
}

TEST(ScheduleTest, ConstantStaysWhatItIs) {
  const Schedule s = parse_schedule("constant", 0.3, 0, 0);
  EXPECT_EQ(s.at(0), 0.3);
  EXPECT_EQ(s.at(1000000), 0.3);
}

TEST(ScheduleTest, StepDropsByTheFactorEveryNSteps) {
  const Schedule s = parse_schedule("step:10,0.5", 0.8, 0, 0);
  EXPECT_DOUBLE_EQ(s.at(9), 0.8);
  EXPECT_DOUBLE_EQ(s.at(10), 0.4);
  EXPECT_DOUBLE_EQ(s.at(39), 0.1);
}

TEST(ScheduleTest, CosineFallsFromOneToTheFinalFraction) {
  const Schedule s = parse_schedule("cosine", 2, 0, 100);
  EXPECT_DOUBLE_EQ(s.at(0), 2);
  EXPECT_DOUBLE_EQ(s.at(50), 1);
  EXPECT_DOUBLE_EQ(s.at(25), 1 + std::sqrt(0.5));
  EXPECT_NEAR(s.at(100), 0, 1e-16);
  EXPECT_NEAR(s.at(1000), 0, 1e-16);  // stays there, does not rise again
  const Schedule f = parse_schedule("cosine:0.1", 2, 0, 100);
  EXPECT_DOUBLE_EQ(f.at(50), 2 * 0.55);
  EXPECT_DOUBLE_EQ(f.at(100), 0.2);
}

TEST(ScheduleTest, WarmUpIsLinearAndThenTheScheduleStarts) {
  const Schedule c = parse_schedule("constant", 1, 4, 0);
  EXPECT_EQ(c.at(0), 0.25);
  EXPECT_EQ(c.at(3), 1);
  EXPECT_EQ(c.at(4), 1);
  const Schedule s = parse_schedule("cosine", 1, 20, 100);
  EXPECT_DOUBLE_EQ(s.at(19), 1);
  EXPECT_DOUBLE_EQ(s.at(20), 1);
  EXPECT_DOUBLE_EQ(s.at(60), 0.5);
  EXPECT_NEAR(s.at(100), 0, 1e-16);
  const Schedule d = parse_schedule("step:2,0.5", 1, 4, 0);
  EXPECT_DOUBLE_EQ(d.at(2), 0.75 * 0.5);
}

TEST(ScheduleTest, WarmUpAsLongAsTheRunIsFinite) {
  const Schedule s = parse_schedule("cosine", 1, 100, 100);
  EXPECT_EQ(s.at(99), 1);
  EXPECT_NEAR(s.at(101), 0, 1e-16);
}

TEST(ScheduleTest, ErrorsNameTheForms) {
  const char* const forms = "constant, step:EVERY,FACTOR or cosine[:FINAL_FRACTION]";
  EXPECT_EQ(error("linear"), std::string("schedule: 'linear', expected ") + forms);
  EXPECT_EQ(error(""), std::string("schedule: '', expected ") + forms);
  EXPECT_EQ(error("constant:1"), "schedule: 'constant:1', expected constant without a value");
  for (const std::string text : {"step", "step:", "step:10", "step:10,", "step:0,0.5", "step:10,2",
                                 "step:10,nan", "step:1.5,0.5", "step:10,0.5,1", "step:-1,0.5"}) {
    EXPECT_EQ(error(text), "schedule: '" + text +
                               "', expected step:EVERY,FACTOR with EVERY at least 1 and FACTOR "
                               "from 0 to 1");
  }
  EXPECT_EQ(error("cosine:2"),
            "schedule: 'cosine:2', expected cosine or cosine:FINAL_FRACTION from 0 to 1");
  EXPECT_EQ(error("cosine", 0.1, 0, 0),
            "schedule: 'cosine', expected total_steps, the length of the cosine");
  EXPECT_NE(error("constant", -1), "no error");
  EXPECT_NE(error("constant", std::numeric_limits<double>::infinity()), "no error");
  EXPECT_EQ(error("constant", 0.1, -1), "schedule: warmup_steps is -1, expected 0 or more");
  EXPECT_EQ(error("constant", 0.1, 0, -1), "schedule: total_steps is -1, expected 0 or more");
}

}  // namespace
}  // namespace plumb
