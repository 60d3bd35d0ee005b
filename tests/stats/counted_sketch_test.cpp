// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/counted_sketch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace plumb {
namespace {

/// As a device counts them, in plain loops.
struct Counts {
  std::vector<std::int32_t> octaves = std::vector<std::int32_t>(CountedTensor::kOctaves);
  std::vector<std::int32_t> limits = std::vector<std::int32_t>(CountedTensor::kLimits);
  CountedTensor counted;

  template <class T>
  void count(const std::vector<T>& values, double log2_scale) {
    constexpr bool kIsDouble = sizeof(T) == 8;
    using Bits = std::conditional_t<kIsDouble, std::uint64_t, std::uint32_t>;
    std::array<std::uint64_t, CountedTensor::kLimits> limit{};
    sketch_limit_bits(log2_scale, kIsDouble, limit);
    for (const T x : values) {
      ++counted.count;
      if (!std::isfinite(x)) {
        ++octaves[255];
        continue;
      }
      const auto bits = std::bit_cast<Bits>(std::abs(x));
      counted.zeros += bits == 0 ? 1 : 0;
      ++octaves[static_cast<std::size_t>(
          x == 0 ? 0 : std::clamp(std::ilogb(x) - Sketch::kMinExponent, 0, 254))];
      for (std::size_t i = 0; i < limit.size(); ++i) limits[i] += bits >= limit[i] ? 1 : 0;
      const auto value = static_cast<double>(x);
      counted.abs_max = std::max(counted.abs_max, std::abs(value));
      counted.sum += value;
      counted.squares += value * value;
    }
    counted.octaves = octaves;
    counted.limits = limits;
  }
};

template <class T>
void expect_reference(const std::vector<T>& values, double log2_scale) {
  Counts counts;
  counts.count(values, log2_scale);
  const Sketch ours = sketch(counts.counted, 1, log2_scale);
  const auto size = static_cast<std::int64_t>(values.size());
  const Sketch reference = sketch_reference(
      ConstView{values.data(), sizeof(T) == 8 ? DType::f64 : DType::f32, Shape{size}}, log2_scale);
  EXPECT_EQ(ours.count, reference.count);
  EXPECT_EQ(ours.nonfinite_count, reference.nonfinite_count);
  EXPECT_EQ(ours.zero_count, reference.zero_count);
  EXPECT_EQ(ours.abs_max, reference.abs_max);
  EXPECT_EQ(ours.format_loss, reference.format_loss);
  EXPECT_TRUE(
      std::equal(ours.histogram.begin(), ours.histogram.end(), reference.histogram.begin()));
  EXPECT_NEAR(ours.mean, reference.mean, 1e-12 * reference.rms());
  EXPECT_NEAR(ours.m2, reference.m2, 1e-5 * reference.m2);
}

template <class T>
std::vector<T> values_of_all_kinds() {
  std::mt19937 draw(7);
  std::normal_distribution<double> normal;
  std::vector<T> values;
  for (int i = 0; i < 3000; ++i) {
    values.push_back(static_cast<T>(std::ldexp(normal(draw), i % 60 - 40)));
  }
  constexpr T infinity = std::numeric_limits<T>::infinity();
  for (const T one : {T(0), T(-0.0), infinity, -infinity, std::numeric_limits<T>::quiet_NaN(),
                      std::numeric_limits<T>::denorm_min(), T(65520), T(464), T(61440), T(448)}) {
    values.push_back(one);
  }
  for (const int exponent : {-25, -14, -10, -6, -17, -126, 15, 8}) {
    values.push_back(static_cast<T>(std::ldexp(1.0, exponent)));
    values.push_back(std::nextafter(values.back(), infinity));
  }
  return values;
}

TEST(CountedSketchTest, IsTheReference) {
  for (const double log2_scale : {0.0, -7.0, 3.0, 0.3}) {
    expect_reference(values_of_all_kinds<float>(), log2_scale);
    expect_reference(values_of_all_kinds<double>(), log2_scale);
  }
}

TEST(CountedSketchTest, OfNothing) {
  expect_reference(std::vector<float>{}, 0);
  expect_reference(std::vector<float>(3, std::numeric_limits<float>::quiet_NaN()), 0);
}

TEST(CountedSketchTest, KeepsTheVarianceOfALargeMean) {
  std::mt19937 draw(1);
  std::normal_distribution<float> normal(1000.0f, 0.1f);
  std::vector<float> values(1 << 16);
  for (float& x : values) x = normal(draw);
  expect_reference(values, 0);
}

TEST(CountedSketchTest, RepeatsCount) {
  const std::vector<float> once{0, 1, -2.5f, 65520, std::numeric_limits<float>::infinity()};
  std::vector<float> thrice;
  for (int i = 0; i < 3; ++i) thrice.insert(thrice.end(), once.begin(), once.end());
  Counts counts;
  counts.count(once, 0);
  const Sketch ours = sketch(counts.counted, 3, 0);
  const Sketch reference =
      sketch_reference(ConstView{thrice.data(), DType::f32, Shape{static_cast<std::int64_t>(15)}});
  EXPECT_EQ(ours.count, reference.count);
  EXPECT_EQ(ours.nonfinite_count, reference.nonfinite_count);
  EXPECT_EQ(ours.format_loss, reference.format_loss);
  EXPECT_NEAR(ours.mean, reference.mean, 1e-12 * reference.rms());
  EXPECT_NEAR(ours.m2, reference.m2, 1e-9 * reference.m2);
}

}  // namespace
}  // namespace plumb
