// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/sketch.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "plumb/core/rng.h"
#include "tests/stats/sketch_matchers.h"

namespace plumb {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

TEST(SketchTest, ReferenceCountsByHand) {
  const std::vector<float> x{1.0f, -3.0f, 0.0f, -0.0f, 1e-45f, kInf, std::nanf(""), 2.0f};
  const Sketch s = sketch_reference(view_of(x));
  EXPECT_EQ(s.count, 8u);
  EXPECT_EQ(s.nonfinite_count, 2u);
  EXPECT_EQ(s.zero_count, 2u);
  EXPECT_EQ(s.abs_max, 3.0);
  EXPECT_DOUBLE_EQ(s.mean, 0.0);
  EXPECT_DOUBLE_EQ(s.var(), 14.0 / 6);
  EXPECT_DOUBLE_EQ(s.rms(), std::sqrt(14.0 / 6));
  EXPECT_DOUBLE_EQ(s.zero_fraction(), 0.25);
  EXPECT_DOUBLE_EQ(s.nonfinite_fraction(), 0.25);
  EXPECT_EQ(s.histogram[0], 1u);    // the subnormal
  EXPECT_EQ(s.histogram[127], 1u);  // [1, 2)
  EXPECT_EQ(s.histogram[128], 2u);  // [2, 4)
  EXPECT_EQ(std::accumulate(s.histogram.begin(), s.histogram.end(), 0u), 4u);
}

TEST(SketchTest, OfNothingIsEmpty) {
  for (const Sketch& s : {sketch(view_of(std::vector<float>{})), Sketch{}}) {
    EXPECT_EQ(s.count, 0u);
    EXPECT_EQ(s.var(), 0.0);
    EXPECT_EQ(s.rms(), 0.0);
    EXPECT_EQ(s.zero_fraction(), 0.0);
    EXPECT_EQ(s.nonfinite_fraction(), 0.0);
    EXPECT_EQ(s.true_log2_rms(), -kInf);
    EXPECT_EQ(s.true_log2_abs_max(), -kInf);
    EXPECT_TRUE(std::isnan(s.true_log2_median()));
  }
}

TEST(SketchTest, TrueMembersCarryTheScale) {
  const Sketch s = sketch(view_of(std::vector<float>(100, -4.0f)), -1000);
  EXPECT_DOUBLE_EQ(s.true_log2_rms(), -998);
  EXPECT_DOUBLE_EQ(s.true_log2_abs_max(), -998);
  EXPECT_DOUBLE_EQ(s.true_log2_median(), -997.5);  // halfway through the octave [2^-998, 2^-997)
}

TEST(SketchTest, MedianOfUniformOctavesIsInTheMiddle) {
  std::vector<float> x;
  for (int k = -8; k < 8; ++k) x.insert(x.end(), 10, std::scalbn(1.5f, k));
  x.insert(x.end(), 1000, 0.0f);
  EXPECT_DOUBLE_EQ(sketch(view_of(x)).true_log2_median(), 0.0);
}

TEST(SketchTest, MeanThousandDeviationTenthKeepsItsVariance) {
  const Rng rng(11, "offset");
  std::vector<float> x(std::size_t{1} << 20);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(1e3 + 0.1 * rng.normal(i));
  const Sketch expected = sketch_reference(view_of(x));
  EXPECT_NEAR(expected.var(), 0.01, 5 * 0.01 * std::sqrt(2.0 / (1 << 20)) + 3e-9);
  for_every_target([&] { EXPECT_TRUE(same_sketch(sketch(view_of(x)), expected)); });
}

TEST(SketchTest, DoublesAreAccurateToTheLastDigits) {
  // 1e8 + {0, 1, .., 9}: mean 1e8 + 4.5, variance 8.25, both exact.
  std::vector<double> x;
  for (int i = 0; i < 100000; ++i) x.push_back(1e8 + i % 10);
  const Sketch s = sketch(view_of(x));
  EXPECT_NEAR(s.mean, 1e8 + 4.5, 1e-12 * 1e8);
  EXPECT_NEAR(s.var(), 8.25, 1e-12 * 8.25);
  const std::vector<double> wide{1e-300, 1e300, 0.0};
  const Sketch w = sketch(view_of(wide));
  EXPECT_EQ(w.histogram[0], 1u);
  EXPECT_EQ(w.histogram[Sketch::kBins - 1], 1u);
  EXPECT_EQ(w.loss(NumberFormat::bf16), (FormatLoss{1, 0, 1}));
}

TEST(SketchTest, FormatsHaveStableNames) {
  EXPECT_STREQ(to_string(NumberFormat::fp16), "fp16");
  EXPECT_STREQ(to_string(NumberFormat::bf16), "bf16");
  EXPECT_STREQ(to_string(NumberFormat::fp8_e4m3), "fp8_e4m3");
  EXPECT_STREQ(to_string(NumberFormat::fp8_e5m2), "fp8_e5m2");
}

TEST(SketchMergeTest, ChunksMakeTheWhole) {
  const Rng rng(2, "chunks");
  std::vector<float> x(50000);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(0.3 + rng.normal(i));
  x[7] = kInf;
  x[40000] = 0.0f;
  const Sketch whole = sketch_reference(view_of(x), 5);
  Sketch merged;
  for (std::size_t i = 0; i < x.size(); i += 777) {
    const std::span<const float> rest = std::span<const float>(x).subspan(i);
    merged.merge(sketch(view_of(rest.first(std::min<std::size_t>(777, rest.size()))), 5));
  }
  EXPECT_TRUE(same_sketch(merged, whole));
}

TEST(SketchMergeTest, IsAssociative) {
  const Rng rng(4, "associative");
  std::vector<Sketch> s;
  for (int part = 0; part < 3; ++part) {
    std::vector<float> x(1000);
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = static_cast<float>(10 * part + rng.child(static_cast<std::uint64_t>(part)).normal(i));
    }
    s.push_back(sketch(view_of(x), 3 * part));
  }
  Sketch left = s[0], right = s[1];
  left.merge(s[1]);
  left.merge(s[2]);
  right.merge(s[2]);
  Sketch right_whole = s[0];
  right_whole.merge(right);
  EXPECT_EQ(left.log2_scale, 6);
  EXPECT_TRUE(same_sketch(left, right_whole));
}

TEST(SketchMergeTest, AlignsToTheLargerScale) {
  // The same true values, stored at two scales.
  const std::vector<float> a{1.0f, -2.0f, 3.0f}, b{0.25f, -0.5f, 0.75f};
  for (const bool larger_first : {false, true}) {
    const Sketch sa = sketch(view_of(a), 0), sb = sketch(view_of(b), 2);
    Sketch m = larger_first ? sb : sa;
    m.merge(larger_first ? sa : sb);
    Sketch expected = sb;
    expected.merge(sb);
    EXPECT_EQ(m.log2_scale, 2);
    EXPECT_TRUE(same_sketch(m, expected));
  }
}

TEST(SketchMergeTest, BinsShiftedOutOfRangeFallIntoTheFirst) {
  Sketch a = sketch(view_of(std::vector<float>{1e-20f, 1e-30f, 1.0f}), 0);
  a.merge(sketch(view_of(std::vector<float>{1.0f}), 100));
  EXPECT_EQ(a.histogram[0], 2u);
  EXPECT_EQ(a.histogram[27], 1u);
  EXPECT_EQ(a.histogram[127], 1u);
  EXPECT_EQ(a.abs_max, 1.0);
}

TEST(SketchMergeTest, AnEmptySketchChangesNothing) {
  const Sketch s = sketch(view_of(std::vector<float>{1.0f, 5.0f}), -7);
  Sketch a = s, b;
  b.log2_scale = 50;
  a.merge(b);
  b.merge(s);
  EXPECT_TRUE(same_sketch(a, s));
  EXPECT_TRUE(same_sketch(b, s));
}

}  // namespace
}  // namespace plumb
