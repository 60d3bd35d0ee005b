// SPDX-License-Identifier: Apache-2.0
// Sketches of values that stand for themselves times a factor that is no power of two.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "plumb/core/rng.h"
#include "plumb/stats/sketch.h"
#include "tests/stats/sketch_matchers.h"

namespace plumb {
namespace {

template <class T>
std::vector<T> normals(std::size_t n, double deviation) {
  const Rng rng(41, "real scale");
  std::vector<T> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<T>(deviation * rng.normal(i));
  return x;
}

TEST(RealScaleTest, TrueMembersCarryTheScale) {
  const double third = std::log2(1.0 / 3);
  const Sketch s = sketch(view_of(std::vector<float>(100, -6.0f)), third);
  EXPECT_EQ(s.log2_scale, third);
  EXPECT_NEAR(s.true_log2_rms(), 1, 1e-14);
  EXPECT_NEAR(s.true_log2_abs_max(), 1, 1e-14);
  EXPECT_NEAR(s.true_log2_median(), 2.5 + third, 1e-14);
  EXPECT_EQ(s.histogram[129], 100u);  // of the stored values
  EXPECT_EQ(s.abs_max, 6);
}

// A stored x stands for x / 3: fp16 flushes it at 3 * 2^-25, calls it subnormal below 3 * 2^-14,
// and from 3 * 65520 on it overflows. All three are floats, so that the comparison is exact.
TEST(RealScaleTest, LimitsOfAThird) {
  const double third = std::log2(1.0 / 3);
  const auto losses = [&](auto value) {
    const std::vector<decltype(value)> x{value};
    const FormatLoss loss = sketch_reference(view_of(x), third).loss(NumberFormat::fp16);
    for_every_target(
        [&] { EXPECT_EQ(sketch(view_of(x), third).loss(NumberFormat::fp16), loss) << value; });
    return loss;
  };
  const FormatLoss none{0, 0, 0}, flushed{1, 0, 0}, subnormal{0, 1, 0}, overflowed{0, 0, 1};
  EXPECT_EQ(losses(std::nextafter(0x3p-25f, 0.0f)), flushed);
  EXPECT_EQ(losses(std::nextafter(0x3p-25f, 1.0f)), subnormal);
  EXPECT_EQ(losses(std::nextafter(0x3p-14f, 0.0f)), subnormal);
  EXPECT_EQ(losses(std::nextafter(0x3p-14f, 1.0f)), none);
  EXPECT_EQ(losses(std::nextafter(196560.0f, 0.0f)), none);
  EXPECT_EQ(losses(std::nextafter(196560.0f, 1e6f)), overflowed);
  // The double next to 3 * 2^-25 is nearer to it than log2(1 / 3) in double is to its true value.
  EXPECT_EQ(losses(0x3p-25 * (1 - 0x1p-48)), flushed);
  EXPECT_EQ(losses(0x3p-25 * (1 + 0x1p-48)), subnormal);
}

// 2^-25 times a factor a little below 1 is flushed, as it would be without, and a little above 1 it
// is not: however little, since the factor is not 1.
TEST(RealScaleTest, ScalesNextToAWholeOneAreNotWhole) {
  for (const double rest : {1e-300, 1e-20, 1e-17, 1e-12}) {
    for (const auto& [scale, flushed] :
         {std::pair{-rest, 1u}, std::pair{0.0, 1u}, std::pair{rest, 0u}}) {
      const std::vector<float> f{0x1p-25f};
      const std::vector<double> d{0x1p-25};
      for_every_target([&] {
        EXPECT_EQ(sketch(view_of(f), scale).loss(NumberFormat::fp16).flushed, flushed) << scale;
        EXPECT_EQ(sketch(view_of(d), scale).loss(NumberFormat::fp16).flushed, flushed) << scale;
      });
      const std::vector<float> g{0x1p-14f};
      for_every_target([&] {
        EXPECT_EQ(sketch(view_of(g), scale).loss(NumberFormat::fp16).subnormal, scale < 0 ? 1u : 0u)
            << scale;
      });
    }
  }
}

// The true values of stored = x / c and log2_scale = log2 c are x: their losses are those of x, but
// for the few values that the division rounds across a limit.
TEST(RealScaleTest, LossesAreThoseOfTheTrueValues) {
  const std::vector<double> x = normals<double>(200000, 1e-4);
  for (const double factor : {3.0, 1.0 / 7, 65535.0, 1.1}) {
    std::vector<double> stored = x;
    std::vector<float> small(x.size()), true_small(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      stored[i] /= factor;
      small[i] = static_cast<float>(stored[i]);
      true_small[i] = static_cast<float>(x[i]);
    }
    const Sketch expected = sketch(view_of(x)), got = sketch(view_of(stored), std::log2(factor));
    EXPECT_EQ(got.format_loss, expected.format_loss) << factor;
    const Sketch of_float = sketch(view_of(small), std::log2(factor));
    const Sketch of_true = sketch(view_of(true_small));
    for (std::size_t f = 0; f < kNumberFormatCount; ++f) {
      EXPECT_NEAR(static_cast<double>(of_float.format_loss[f].flushed),
                  static_cast<double>(of_true.format_loss[f].flushed), 2);
      EXPECT_NEAR(static_cast<double>(of_float.format_loss[f].subnormal),
                  static_cast<double>(of_true.format_loss[f].subnormal), 4);
    }
    EXPECT_NEAR(got.true_log2_rms(), expected.true_log2_rms(), 1e-12);
  }
}

TEST(RealScaleTest, EveryTargetAgreesWithTheReference) {
  const std::vector<float> x = normals<float>(9000, 1.0);
  const std::vector<double> y = normals<double>(9000, 1.0);
  for (const double scale : {0.3, -13.7, -20.01, 14.99, -126.5, 120.25, 1e-9, 500.5, -3000.5}) {
    const Sketch expected = sketch_reference(view_of(x), scale);
    const Sketch expected_double = sketch_reference(view_of(y), scale);
    for_every_target([&] {
      EXPECT_TRUE(same_sketch(sketch(view_of(x), scale), expected)) << scale;
      EXPECT_TRUE(same_sketch(sketch(view_of(y), scale), expected_double, kDoubleAccuracy))
          << scale;
    });
  }
}

TEST(RealScaleMergeTest, BinsGoToTheNearest) {
  // 64 of [1, 2) at scale 0 are 2^-0.4 or 2^-0.6 times as much at the larger scale.
  const std::vector<float> x(64, 1.5f);
  for (const auto& [scale, bin] : {std::pair{0.4, 127}, std::pair{0.6, 126}, std::pair{3.4, 124}}) {
    Sketch a = sketch(view_of(x), 0);
    a.merge(sketch(view_of(std::vector<float>{4.0f}), scale));
    EXPECT_EQ(a.log2_scale, scale);
    EXPECT_EQ(a.histogram[static_cast<std::size_t>(bin)], 64u);
    EXPECT_EQ(a.histogram[129], 1u);
  }
}

TEST(RealScaleMergeTest, MomentsAndLossesAreThoseOfTheTrueValues) {
  const std::vector<float> x = normals<float>(5000, 1e-3), y = normals<float>(3000, 3e-3);
  const double scale_x = std::log2(1.0 / 3), scale_y = std::log2(5.0);
  for (const bool x_first : {false, true}) {
    Sketch merged = x_first ? sketch(view_of(x), scale_x) : sketch(view_of(y), scale_y);
    merged.merge(x_first ? sketch(view_of(y), scale_y) : sketch(view_of(x), scale_x));
    std::vector<double> all;
    for (const float v : x) all.push_back(static_cast<double>(v) / 3);
    for (const float v : y) all.push_back(static_cast<double>(v) * 5);
    const Sketch expected = sketch_reference(view_of(all));
    EXPECT_EQ(merged.log2_scale, scale_y);
    EXPECT_EQ(merged.count, 8000u);
    EXPECT_NEAR(merged.mean * 5, expected.mean, 1e-6 * expected.rms());
    EXPECT_NEAR(merged.var() * 25, expected.var(), 4e-6 * expected.var());
    EXPECT_NEAR(merged.true_log2_rms(), expected.true_log2_rms(), 4e-6);
    EXPECT_NEAR(merged.true_log2_abs_max(), expected.true_log2_abs_max(), 1e-12);
    EXPECT_NEAR(merged.true_log2_median(), expected.true_log2_median(), 0.5);
    EXPECT_EQ(merged.format_loss, expected.format_loss);
  }
}

TEST(RealScaleMergeTest, FarApartScalesKeepTheLarger) {
  Sketch a = sketch(view_of(std::vector<float>{1.0f, 2.0f}), -1e9);
  a.merge(sketch(view_of(std::vector<float>{3.0f}), 0.5));
  EXPECT_EQ(a.log2_scale, 0.5);
  EXPECT_EQ(a.histogram[0], 2u);
  EXPECT_EQ(a.abs_max, 3);
  EXPECT_DOUBLE_EQ(a.mean, 1);
}

}  // namespace
}  // namespace plumb
