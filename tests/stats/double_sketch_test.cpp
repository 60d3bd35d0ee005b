// SPDX-License-Identifier: Apache-2.0
// The sketch of doubles: what stands in sketch_fast_test.cpp for floats.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "plumb/core/rng.h"
#include "plumb/stats/sketch.h"
#include "tests/stats/sketch_matchers.h"

namespace plumb {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::vector<double> normals(std::size_t n, double deviation) {
  const Rng rng(23, "doubles");
  std::vector<double> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = deviation * rng.normal(i);
  return x;
}

/// Any bit pattern with a biased exponent in [low, high]; 2047 is not finite.
std::vector<double> random_bits(std::size_t n, std::uint64_t seed, unsigned low, unsigned high) {
  const Rng rng(seed, "double bits");
  std::vector<double> x(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t exponent = low + rng.bits(2 * i + 1) % (high - low + 1);
    x[i] = std::bit_cast<double>((rng.bits(2 * i) & 0x800fffffffffffff) | exponent << 52);
  }
  return x;
}

testing::AssertionResult every_target_agrees(std::span<const double> x, double log2_scale = 0) {
  const Sketch expected = sketch_reference(view_of(x), log2_scale);
  testing::AssertionResult result = testing::AssertionSuccess();
  for_every_target([&] {
    const Sketch got = sketch(view_of(x), log2_scale);
    testing::AssertionResult same = same_sketch(got, expected, kDoubleAccuracy);
    if (!same) result = same << " on " << sketch_target();
  });
  return result;
}

TEST(DoubleSketchTest, EveryLengthAndMisalignment) {
  std::vector<double> x = normals(600, 1.0);
  for (std::size_t i = 0; i < x.size(); i += 7) x[i] = 0.0;
  for (std::size_t i = 3; i < x.size(); i += 50) x[i] = 0x1p-25;
  for (std::size_t offset = 0; offset < 5; ++offset) {
    for (std::size_t n = 0; n <= 80; ++n) {
      ASSERT_TRUE(every_target_agrees(std::span<const double>(x).subspan(offset, n)))
          << n << " values from " << offset;
    }
  }
}

TEST(DoubleSketchTest, LengthsAroundTheBlocks) {
  const std::vector<double> x = normals(9000, 3.0);
  for (const std::size_t block : {240u, 960u, 1920u, 3840u, 7680u}) {
    for (const std::size_t n : {block - 1, block, block + 1, block + 17}) {
      ASSERT_TRUE(every_target_agrees(std::span<const double>(x).first(n))) << n;
    }
  }
}

TEST(DoubleSketchTest, EveryMagnitudeOfTheWholeRange) {
  for (const double scale : {0.0, -40.0, 100.0, -400.0, 900.0, 3000.0}) {
    ASSERT_TRUE(every_target_agrees(random_bits(20000, 1, 0, 2046), scale)) << scale;
    ASSERT_TRUE(every_target_agrees(random_bits(20000, 2, 0, 2047), scale)) << scale;
    ASSERT_TRUE(every_target_agrees(random_bits(5000, 3, 850, 1000), scale)) << scale;
    ASSERT_TRUE(every_target_agrees(random_bits(5000, 4, 0, 0), scale)) << scale;
    ASSERT_TRUE(every_target_agrees(random_bits(5000, 5, 890, 900), scale)) << scale;
    ASSERT_TRUE(every_target_agrees(random_bits(5000, 6, 1145, 1155), scale)) << scale;
    ASSERT_TRUE(every_target_agrees(random_bits(5000, 7, 1900, 2046), scale)) << scale;
  }
}

TEST(DoubleSketchTest, MomentsHoldAtEveryMagnitude) {
  const std::vector<double> x = normals(3000, 1.0);
  for (int exponent = -1070; exponent <= 1020; exponent += 13) {
    std::vector<double> y = x;
    for (double& v : y) v = std::scalbn(v, exponent);
    ASSERT_TRUE(every_target_agrees(y)) << exponent;
  }
}

TEST(DoubleSketchTest, MeansBeyondTheDeviation) {
  for (const double mean : {0.5, -0.9, 1.1, 3.0, 100.0, 1e8, -1e12}) {
    std::vector<double> x = normals(9000, 1.0);
    for (double& v : x) v += mean;
    ASSERT_TRUE(every_target_agrees(x)) << mean;
    ASSERT_TRUE(every_target_agrees(std::span<const double>(x).first(45))) << mean;
  }
}

TEST(DoubleSketchTest, EqualValuesHaveNoVariance) {
  for (const double value : {0.1, -1.0, 3e300, 2.3e-200, 0x1p-25, 5e-324}) {
    for (const std::size_t n : {1u, 2u, 3u, 15u, 16u, 33u, 100u, 1000u, 5000u}) {
      const std::vector<double> x(n, value);
      for_every_target([&] {
        const Sketch s = sketch(view_of(x));
        EXPECT_EQ(s.mean, value);
        EXPECT_EQ(s.m2, 0.0) << value << " " << n;
      });
    }
  }
}

TEST(DoubleSketchTest, TheLargestOfBothSignsHaveAMean) {
  std::vector<double> x(6000, std::numeric_limits<double>::max());
  for (std::size_t i = 3000; i < x.size(); ++i) x[i] = -x[i];
  for_every_target([&] {
    const Sketch s = sketch(view_of(x));
    EXPECT_LE(std::abs(s.mean), 1e-12 * x[0]);
    EXPECT_EQ(s.m2, kInf);
  });
}

TEST(DoubleSketchTest, NonfiniteAndZerosOfBothSigns) {
  std::vector<double> x = normals(5000, 1e-3);
  for (std::size_t i = 0; i < x.size(); i += 11)
    x[i] = i % 3 == 0 ? kNan : i % 3 == 1 ? kInf : -kInf;
  EXPECT_TRUE(every_target_agrees(x));
  for (double& v : x) v = v < 0 ? -0.0 : v;
  EXPECT_TRUE(every_target_agrees(x));
  x[7] = 5e-324;
  x[9] = -1e-310;
  EXPECT_TRUE(every_target_agrees(x));
  EXPECT_TRUE(every_target_agrees(std::vector<double>(2500, kNan)));
  EXPECT_TRUE(every_target_agrees(std::vector<double>(2100, -0.0)));
  EXPECT_TRUE(every_target_agrees(std::vector<double>{-kInf}));
}

// At each limit, just below and just above it, in a crowd of other values; the losses themselves
// are those of the formats' tables.
TEST(DoubleSketchTest, FormatLimitsBelowAtAndAbove) {
  struct Case {
    NumberFormat format;
    double value;
    FormatLoss below, at, above;
  };
  const FormatLoss none{0, 0, 0}, flushed{1, 0, 0}, subnormal{0, 1, 0}, overflowed{0, 0, 1};
  const Case cases[] = {
      {NumberFormat::fp16, 0x1p-25, flushed, flushed, subnormal},
      {NumberFormat::fp16, 0x1p-14, subnormal, none, none},
      {NumberFormat::fp16, 65520, none, overflowed, overflowed},
      {NumberFormat::bf16, 0x1p-134, flushed, flushed, subnormal},
      {NumberFormat::bf16, 0x1p-126, subnormal, none, none},
      {NumberFormat::bf16, 0x1.ffp127, none, overflowed, overflowed},
      {NumberFormat::fp8_e4m3, 0x1p-10, flushed, flushed, subnormal},
      {NumberFormat::fp8_e4m3, 464, none, none, overflowed},
      {NumberFormat::fp8_e5m2, 0x1p-17, flushed, flushed, subnormal},
      {NumberFormat::fp8_e5m2, 61440, none, overflowed, overflowed},
  };
  for (const Case& c : cases) {
    for (const int scale : {0, 3, -110, 119, 400, -400, 900, -900}) {
      const double at = std::ldexp(c.value, -scale);
      if (!std::isnormal(at)) continue;
      for (const auto& [value, expected] :
           {std::pair{std::nextafter(at, 0.0), c.below}, std::pair{at, c.at},
            std::pair{std::nextafter(at, kInf), c.above}}) {
        std::vector<double> x(300, 0.0);
        x[137] = -value;
        EXPECT_EQ(sketch_reference(view_of(x), scale).loss(c.format), expected) << value;
        for_every_target([&] {
          EXPECT_EQ(sketch(view_of(x), scale).loss(c.format), expected)
              << to_string(c.format) << " " << value << " * 2^" << scale;
        });
        std::vector<double> crowd = normals(3000, at);
        crowd[2222] = value;
        EXPECT_TRUE(every_target_agrees(crowd, scale));
      }
    }
  }
}

RC_GTEST_PROP(DoubleSketchTest, IsTheReferenceForAnyBits, ()) {
  const auto raw =
      *rc::gen::container<std::vector<std::uint64_t>>(rc::gen::arbitrary<std::uint64_t>());
  const auto repeat = *rc::gen::inRange<std::size_t>(1, 40);
  const double scale = *rc::gen::inRange(-1100, 1100) / *rc::gen::element(1.0, 3.0);
  const auto keep = *rc::gen::element(0xffffffffffffffffu, 0xfff0000000000000u, 0xc00fffffffffffffu,
                                      0xbfffffffffffffffu);
  std::vector<double> x;
  for (std::size_t r = 0; r < repeat; ++r) {
    for (const std::uint64_t bits : raw) {
      const std::uint64_t spread = bits * 0x9e3779b97f4a7c15 * (2 * r + 1);
      x.push_back(std::bit_cast<double>((r % 2 == 0 ? bits : spread) & keep));
    }
  }
  const Sketch expected = sketch_reference(view_of(x), scale);
  for_every_target([&] {
    const testing::AssertionResult same =
        same_sketch(sketch(view_of(x), scale), expected, kDoubleAccuracy);
    if (!same) RC_FAIL(same.message());
  });
}

}  // namespace
}  // namespace plumb
