// SPDX-License-Identifier: Apache-2.0
// No source of its own: the compile flags are under test. With -ffast-math the compiler may assume
// that there is no NaN, and a tool that looks for NaN would be blind.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace plumb {
namespace {

// Volatile, so that the value is made at run time and no constant folding hides the flags.
volatile float zero = 0.0f;

float make_nan() { return zero / zero; }

TEST(CompileFlagsTest, NanMadeAtRunTimeIsSeen) {
  const float nan = make_nan();
  EXPECT_TRUE(std::isnan(nan));
  EXPECT_FALSE(std::isfinite(nan));
  EXPECT_TRUE(nan != nan);
}

TEST(CompileFlagsTest, InfinityMadeAtRunTimeIsSeen) {
  const float infinity = 1.0f / zero;
  EXPECT_TRUE(std::isinf(infinity));
  EXPECT_FALSE(std::isfinite(infinity));
}

TEST(CompileFlagsTest, NanPassesTheReluThatTheKernelsUse) {
  const float z = make_nan();
  EXPECT_TRUE(std::isnan(z < 0.0f ? 0.0f : z));
}

TEST(CompileFlagsTest, SignOfZeroAndSubnormalsAreKept) {
  EXPECT_TRUE(std::signbit(-1.0f * zero));
  volatile float smallest_normal = std::numeric_limits<float>::min();
  const float subnormal = smallest_normal / 4.0f;
  EXPECT_GT(subnormal, 0.0f);
}

}  // namespace
}  // namespace plumb
