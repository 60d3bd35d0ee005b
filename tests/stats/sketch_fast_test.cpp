// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "plumb/core/rng.h"
#include "plumb/stats/sketch.h"
#include "tests/stats/sketch_matchers.h"

namespace plumb {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<float> normals(std::size_t n, double deviation) {
  const Rng rng(17, "normals");
  std::vector<float> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<float>(deviation * rng.normal(i));
  return x;
}

/// Any bit pattern with an exponent in [low, high]; biased, so that 0 is subnormal and 255 not
/// finite.
std::vector<float> random_bits(std::size_t n, std::uint64_t seed, unsigned low, unsigned high) {
  const Rng rng(seed, "bits");
  std::vector<float> x(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t r = rng.bits(i);
    const auto exponent = low + static_cast<std::uint32_t>((r >> 32) % (high - low + 1));
    x[i] = std::bit_cast<float>((static_cast<std::uint32_t>(r) & 0x807fffff) | exponent << 23);
  }
  return x;
}

testing::AssertionResult every_target_agrees(std::span<const float> x, int log2_scale = 0) {
  const Sketch expected = sketch_reference(view_of(x), log2_scale);
  testing::AssertionResult result = testing::AssertionSuccess();
  for_every_target([&] {
    testing::AssertionResult same = same_sketch(sketch(view_of(x), log2_scale), expected);
    if (!same) result = same << " on " << sketch_target();
  });
  return result;
}

TEST(SketchFastTest, RunsOnMoreThanOneTarget) {
  int targets = 0;
  for_every_target([&] { ++targets; });
  EXPECT_GE(targets, 2);
  EXPECT_STRNE(sketch_target(), "");
}

TEST(SketchFastTest, EveryLengthAndMisalignment) {
  std::vector<float> x = normals(600, 1.0);
  for (std::size_t i = 0; i < x.size(); i += 7) x[i] = 0.0f;
  for (std::size_t offset = 0; offset < 5; ++offset) {
    for (std::size_t n = 0; n <= 80; ++n) {
      ASSERT_TRUE(every_target_agrees(std::span<const float>(x).subspan(offset, n)))
          << n << " values from " << offset;
    }
  }
  for (const std::size_t n : {255u, 256u, 257u, 511u, 512u, 513u}) {
    ASSERT_TRUE(every_target_agrees(std::span<const float>(x).subspan(3, n))) << n;
  }
}

TEST(SketchFastTest, LengthsAroundTheBlocks) {
  const std::vector<float> x = normals(9000, 3.0);
  for (const std::size_t block : {1024u, 2048u, 4096u, 8192u}) {
    for (const std::size_t n : {block - 1, block, block + 1, block + 17}) {
      ASSERT_TRUE(every_target_agrees(std::span<const float>(x).first(n))) << n;
    }
  }
}

TEST(SketchFastTest, EveryMagnitudeOfTheWholeFloatRange) {
  for (const int scale : {0, -40, 100, -400, 3000}) {
    ASSERT_TRUE(every_target_agrees(random_bits(20000, 1, 0, 254), scale)) << scale;
    ASSERT_TRUE(every_target_agrees(random_bits(20000, 2, 0, 255), scale)) << scale;
    ASSERT_TRUE(every_target_agrees(random_bits(5000, 3, 0, 40), scale)) << scale;
    ASSERT_TRUE(every_target_agrees(random_bits(5000, 4, 0, 0), scale)) << scale;
    ASSERT_TRUE(every_target_agrees(random_bits(5000, 5, 200, 254), scale)) << scale;
  }
}

TEST(SketchFastTest, MomentsHoldAtEveryMagnitude) {
  const std::vector<float> x = normals(3000, 1.0);
  for (int exponent = -145; exponent <= 124; ++exponent) {
    std::vector<float> y = x;
    for (float& v : y) v = std::scalbn(v, exponent);
    ASSERT_TRUE(every_target_agrees(y)) << exponent;
  }
}

TEST(SketchFastTest, NonfiniteAreCountedAndLeftOut) {
  std::vector<float> x = normals(5000, 1e-3);
  for (std::size_t i = 0; i < x.size(); i += 11)
    x[i] = i % 3 == 0 ? kNan : i % 3 == 1 ? kInf : -kInf;
  EXPECT_TRUE(every_target_agrees(x));
  EXPECT_TRUE(every_target_agrees(std::vector<float>(2500, kNan)));
  EXPECT_TRUE(every_target_agrees(std::vector<float>{-kInf}));
  EXPECT_TRUE(every_target_agrees(std::vector<float>{-kNan, 1.0f, kInf}));
}

TEST(SketchFastTest, ZerosOfBothSigns) {
  EXPECT_TRUE(every_target_agrees(std::vector<float>(2100, 0.0f)));
  EXPECT_TRUE(every_target_agrees(std::vector<float>(100, -0.0f)));
  std::vector<float> x = normals(5000, 1.0);
  for (float& v : x) v = v < 0 ? -0.0f : v;
  EXPECT_TRUE(every_target_agrees(x));
  x[7] = 1e-45f;
  x[8] = -1e-39f;
  EXPECT_TRUE(every_target_agrees(x));
}

// Magnitudes beyond the first window of octaves are counted in other ways, few or many.
TEST(SketchFastTest, ValuesFarBelowTheOthersFewOrMany) {
  const std::vector<float> all = normals(1500, 1.0);
  const float low[] = {0.0f, 0x1p-25f, -0x1.000002p-25f, 0x1p-17f,   1e-45f, -0x1.8p-134f,
                       0.0f, 0x1p-40f, 0x1.8p-100f,      -0x1p-126f, 3e-6f,  0x1p-134f};
  for (std::size_t count = 0; count <= 40; ++count) {
    std::vector<float> x = all;
    for (std::size_t i = 0; i < count; ++i) x[(i * 677 + 5) % x.size()] = low[i % std::size(low)];
    for (const int scale : {0, 5, -30}) {
      ASSERT_TRUE(every_target_agrees(x, scale)) << count << " times 2^" << scale;
      ASSERT_TRUE(every_target_agrees(std::span<const float>(x).first(60), scale)) << count;
    }
  }
}

TEST(SketchFastTest, MeansNearAndBeyondTheDeviation) {
  for (const float mean : {0.5f, -0.9f, 1.0f, -1.1f, 3.0f, 100.0f}) {
    std::vector<float> x = normals(9000, 1.0);
    for (float& v : x) v += mean;
    ASSERT_TRUE(every_target_agrees(x)) << mean;
    ASSERT_TRUE(every_target_agrees(std::span<const float>(x).first(45))) << mean;
  }
}

TEST(SketchFastTest, EqualValuesHaveNoVariance) {
  for (const float value : {0.1f, -1.0f, 3e30f, 2.3e-30f, 0x1p-25f, 1e-42f}) {
    for (const std::size_t n : {1u, 2u, 3u, 15u, 16u, 33u, 100u, 1000u, 5000u}) {
      const std::vector<float> x(n, value);
      const Sketch expected = sketch_reference(view_of(x));
      for_every_target([&] {
        const Sketch s = sketch(view_of(x));
        EXPECT_EQ(s.abs_max, expected.abs_max);
        EXPECT_EQ(s.histogram, expected.histogram);
        EXPECT_EQ(s.format_loss, expected.format_loss);
        EXPECT_DOUBLE_EQ(s.mean, static_cast<double>(value));
        EXPECT_LE(s.var(), 1e-25 * s.mean * s.mean) << value << " " << n;
      });
    }
  }
}

TEST(SketchFastTest, AnOutlierInFrontDoesNotSpoilTheMoments) {
  std::vector<float> x = normals(2048, 1.0);
  x[0] = 1e6f;
  EXPECT_TRUE(every_target_agrees(x));
}

TEST(SketchFastTest, HistogramSumsToTheNonzeroFiniteCount) {
  std::vector<float> x = random_bits(30000, 9, 0, 255);
  for (std::size_t i = 0; i < x.size(); i += 5) x[i] = 0.0f;
  for_every_target([&] {
    const Sketch s = sketch(view_of(x));
    EXPECT_EQ(std::accumulate(s.histogram.begin(), s.histogram.end(), std::uint64_t{0}),
              s.finite_count() - s.zero_count);
  });
}

// What rounding to nearest even does at the limits, from the formats' tables; counted in a crowd of
// other values, so that vectors and blocks matter.
TEST(SketchFastTest, FormatLimitsBelowAtAndAbove) {
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
      {NumberFormat::fp8_e4m3, 0x1p-6, subnormal, none, none},
      {NumberFormat::fp8_e4m3, 464, none, none, overflowed},
      {NumberFormat::fp8_e5m2, 0x1p-17, flushed, flushed, subnormal},
      {NumberFormat::fp8_e5m2, 0x1p-14, subnormal, none, none},
      {NumberFormat::fp8_e5m2, 61440, none, overflowed, overflowed},
  };
  for (const Case& c : cases) {
    for (const int scale : {0, 3, -12, 24, -110, 119}) {
      const double stored = std::ldexp(c.value, -scale);
      if (!(stored < 0x1p127) || !(stored > 0x1p-140)) continue;
      const auto at = static_cast<float>(stored);
      ASSERT_EQ(static_cast<double>(at), stored);
      const float below = std::nextafter(at, 0.0f), above = std::nextafter(at, kInf);
      for (const auto& [value, expected] :
           {std::pair{below, c.below}, std::pair{at, c.at}, std::pair{above, c.above}}) {
        std::vector<float> x(300, 0.0f);
        x[137] = -value;
        EXPECT_EQ(sketch_reference(view_of(x), scale).loss(c.format), expected) << value;
        for_every_target([&] {
          EXPECT_EQ(sketch(view_of(x), scale).loss(c.format), expected)
              << to_string(c.format) << " " << value << " * 2^" << scale;
        });
        std::vector<float> crowd = normals(3000, stored < 1e30 ? stored : 1e30);
        crowd[2222] = value;
        EXPECT_TRUE(every_target_agrees(crowd, scale));
      }
    }
  }
}

// P(|x| <= t) = erf(t / (s sqrt 2)) for a normal x of deviation s.
TEST(SketchFastTest, FlushedFractionOfNormalGradientsIsTheClosedForm) {
  struct Case {
    double deviation, fraction;
  };
  for (const Case& c : {Case{1e-6, 2.377529341e-2}, Case{1e-7, .2343145615}}) {
    constexpr std::size_t n = 1 << 20;
    const double standard_error = std::sqrt(c.fraction * (1 - c.fraction) / n);
    const Sketch s = sketch(view_of(normals(n, c.deviation)));
    EXPECT_NEAR(static_cast<double>(s.loss(NumberFormat::fp16).flushed) / n, c.fraction,
                5 * standard_error);
    // The same true values, stored beyond the reach of floats' own limits.
    const Sketch scaled = sketch(view_of(normals(n, std::ldexp(c.deviation, 90))), -90);
    EXPECT_EQ(scaled.format_loss, s.format_loss);
  }
}

RC_GTEST_PROP(SketchFastTest, IsTheReferenceForAnyBits, ()) {
  const auto raw =
      *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::arbitrary<std::uint32_t>());
  const auto repeat = *rc::gen::inRange<std::size_t>(1, 40);
  const auto scale = *rc::gen::inRange(-320, 320);
  const auto keep = *rc::gen::element(0xffffffffu, 0xff800000u, 0xc0ffffffu, 0x8fffffffu);
  std::vector<float> x;
  for (std::size_t r = 0; r < repeat; ++r) {
    for (const std::uint32_t bits : raw)
      x.push_back(std::bit_cast<float>(bits * (2 * static_cast<std::uint32_t>(r) + 1) & keep));
  }
  const Sketch expected = sketch_reference(view_of(x), scale);
  for_every_target([&] {
    const testing::AssertionResult same = same_sketch(sketch(view_of(x), scale), expected);
    if (!same) RC_FAIL(same.message());
  });
}

}  // namespace
}  // namespace plumb
