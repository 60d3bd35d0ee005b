// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/number_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace plumb {
namespace {

TEST(NumberTextTest, AgreesWithTheDecimalsOfADouble) {
  EXPECT_EQ(format_log2(std::log2(3.0e-13)), "3.0e-13");
  EXPECT_EQ(format_log2(std::log2(0.37)), "3.7e-1");
  EXPECT_EQ(format_log2(0), "1.0e+0");
  EXPECT_EQ(format_log2(std::log2(150.0)), "1.5e+2");
}

TEST(NumberTextTest, GoesBeyondTheRangeOfADouble) {
  // 2^-4000 = 10^-1204.119983 = 7.586e-1205; 2^4000 = 1.318e+1204.
  EXPECT_EQ(format_log2(-4000), "7.6e-1205");
  EXPECT_EQ(format_log2(4000), "1.3e+1204");
}

TEST(NumberTextTest, NeverPrintsAMantissaOfTen) {
  EXPECT_EQ(format_log2(std::log2(9.96e-5)), "1.0e-4");
  EXPECT_EQ(format_log10(-13.0000001), "1.0e-13");
}

TEST(NumberTextTest, SaysWhatHasNoLogarithm) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(format_log2(-infinity), "0");
  EXPECT_EQ(format_log2(infinity), "inf");
  EXPECT_EQ(format_log2(std::nan("")), "-");
}

TEST(NumberTextTest, HalvesGoAwayFromZero) {
  EXPECT_EQ(format_percent(0.125), "13%");
  EXPECT_EQ(format_percent(0.375), "38%");
  EXPECT_EQ(format_digits(1.125, 3), "1.13");
  EXPECT_EQ(format_digits(-1.125, 3), "-1.13");
  EXPECT_EQ(format_digits(0.125, 2), "0.13");
  EXPECT_EQ(format_digits(1.124, 3), "1.12");
  EXPECT_EQ(format_digits(2.5e-7, 1), "3e-07");
  EXPECT_EQ(format_digits(0, 2), "0");
  EXPECT_EQ(format_digits(3, 3), "3");
}

TEST(NumberTextTest, PercentNeverRoundsToAFalseEnd) {
  EXPECT_EQ(format_percent(0), "0%");
  EXPECT_EQ(format_percent(0.001), "<1%");
  EXPECT_EQ(format_percent(0.372), "37%");
  EXPECT_EQ(format_percent(0.999), ">99%");
  EXPECT_EQ(format_percent(1), "100%");
  EXPECT_EQ(format_percent(std::nan("")), "-");
}

}  // namespace
}  // namespace plumb
