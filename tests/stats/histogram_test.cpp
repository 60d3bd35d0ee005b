// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/histogram.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <utility>
#include <vector>

#include "plumb/core/rng.h"

namespace plumb {
namespace {

using Plain = std::array<std::uint64_t, Histogram::kBins>;

Plain plain(const Histogram& histogram) {
  Plain counts{};
  std::size_t bin = 0;
  for (const std::uint64_t count : histogram) counts[bin++] = count;
  EXPECT_EQ(bin, Histogram::kBins);
  return counts;
}

/// Random bins around a centre, spread so that some stay near each other and some do not.
std::vector<std::size_t> random_bins(std::uint64_t seed) {
  const Rng rng(seed, "histogram");
  const double centre = 255 * rng.uniform(0), spread = 1 + 80 * rng.uniform(1) * rng.uniform(2);
  std::vector<std::size_t> bins;
  for (std::uint64_t i = 0; i < 40; ++i) {
    const double bin = centre + spread * (rng.uniform(10 + i) - 0.5);
    bins.push_back(static_cast<std::size_t>(bin < 0 ? 0 : bin > 254 ? 254 : bin));
  }
  return bins;
}

TEST(HistogramTest, IsAnArrayOfCountsInAnyOrderOfTouching) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Histogram histogram;
    Plain expected{};
    for (const std::size_t bin : random_bins(seed)) {
      ++histogram[bin];
      ++expected[bin];
      ASSERT_EQ(plain(histogram), expected) << seed;
    }
    EXPECT_EQ(histogram.total(), 40u);
  }
}

TEST(HistogramTest, AddingIsAddingEachBin) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Histogram a, b;
    Plain expected{};
    for (const std::size_t bin : random_bins(seed)) ++a[bin], ++expected[bin];
    for (const std::size_t bin : random_bins(seed + 1000)) ++b[bin], ++expected[bin];
    a.add(b);
    EXPECT_EQ(plain(a), expected) << seed;
  }
}

TEST(HistogramTest, AssigningReplacesEverything) {
  for (const std::size_t before : {std::size_t{3}, std::size_t{254}}) {
    for (const std::size_t width :
         {std::size_t{0}, std::size_t{1}, std::size_t{32}, std::size_t{33}, std::size_t{255}}) {
      for (const std::size_t first : {std::size_t{0}, (255 - width) / 2, 255 - width}) {
        Histogram histogram;
        histogram[before] = 1;
        histogram[100] = 1;
        std::vector<std::uint32_t> counts(width);
        std::iota(counts.begin(), counts.end(), 7u);
        Plain expected{};
        for (std::size_t k = 0; k < width; ++k) expected[first + k] = counts[k];
        histogram.assign(first, counts);
        EXPECT_EQ(plain(histogram), expected) << first << " " << width;
      }
    }
  }
}

TEST(HistogramTest, TouchedIsFromTheFirstToTheLastCount) {
  Histogram histogram;
  EXPECT_EQ(histogram.touched().begin, histogram.touched().end);
  histogram[120] = 5;
  histogram[123] = 1;
  EXPECT_EQ(histogram.touched().begin, 120u);
  EXPECT_EQ(histogram.touched().end, 124u);
  histogram[0] = 1;
  histogram[254] = 2;
  EXPECT_EQ(histogram.touched().begin, 0u);
  EXPECT_EQ(histogram.touched().end, 255u);
}

TEST(HistogramTest, EqualCountsAreEqualHoweverTheyCame) {
  Histogram near, wide;
  near[100] = wide[100] = 4;
  EXPECT_EQ(near, wide);
  wide[200] = 1;
  EXPECT_FALSE(near == wide);
  wide[200] = 0;
  EXPECT_EQ(near, wide);
  near[101] = 1;
  EXPECT_FALSE(near == wide);
}

TEST(HistogramTest, HoldsCountsOfMoreThan32Bits) {
  constexpr std::uint64_t kMany = (std::uint64_t{1} << 32) - 2;
  Histogram histogram, other;
  histogram[100] = kMany;
  histogram[101] = 3;
  for (std::uint64_t more = 1; more <= 4; ++more) {
    ++histogram[100];
    EXPECT_EQ(std::as_const(histogram)[100], kMany + more);
  }
  other[110] = 3 * kMany;
  histogram.add(other);
  EXPECT_EQ(histogram.total(), 4 * kMany + 7);
  EXPECT_EQ(std::as_const(histogram)[101], 3u);
}

TEST(HistogramTest, CopiesAreIndependent) {
  for (const std::size_t other : {std::size_t{101}, std::size_t{250}}) {
    Histogram a;
    a[100] = 4;
    a[other] = 1;
    Histogram b = a, c;
    c = a;
    b[other] = 9;
    c[100] = 8;
    EXPECT_EQ(std::as_const(a)[other], 1u);
    EXPECT_EQ(std::as_const(a)[100], 4u);
    EXPECT_EQ(std::as_const(b)[100], 4u);
    EXPECT_EQ(std::as_const(c)[other], 1u);
  }
}

}  // namespace
}  // namespace plumb
