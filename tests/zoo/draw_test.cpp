// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/draw.h"

#include <gtest/gtest.h>

namespace plumb::zoo {
namespace {

TEST(DrawTest, TheSameNameAndSeedDrawTheSame) {
  Draw a("kind", 3), b("kind", 3);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(a.real(0, 1), b.real(0, 1));
}

TEST(DrawTest, AnotherNameOrSeedDrawsOtherwise) {
  Draw a("kind", 3), other_seed("kind", 4), other_name("kinds", 3);
  const double first = a.real(0, 1);
  EXPECT_NE(first, other_seed.real(0, 1));
  EXPECT_NE(first, other_name.real(0, 1));
}

TEST(DrawTest, IntegersReachBothEnds) {
  Draw draw("ends", 0);
  bool low = false, high = false;
  for (int i = 0; i < 100; ++i) {
    const int value = draw.integer(2, 4);
    ASSERT_GE(value, 2);
    ASSERT_LE(value, 4);
    low |= value == 2;
    high |= value == 4;
  }
  EXPECT_TRUE(low && high);
}

TEST(DrawTest, LogIsUniformInTheLogarithm) {
  Draw draw("log", 0);
  int below = 0;
  for (int i = 0; i < 1000; ++i) {
    const double value = draw.log(1e-4, 1);
    ASSERT_GE(value, 1e-4);
    ASSERT_LE(value, 1.0);
    below += value < 1e-2;
  }
  EXPECT_NEAR(below, 500, 60);
}

}  // namespace
}  // namespace plumb::zoo
