// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/series_bytes.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace plumb::store {
namespace {

Bytes bins_of(const Histogram& histogram) {
  Bytes bytes;
  append_bins(histogram, histogram.touched(), bytes);
  return bytes;
}

// The bytes are the file format: worked out by hand from docs/formats.md, 300 = 0b10'0101100.
TEST(SeriesBytesTest, BinsAreTheCountsOfTheTouchedOnes) {
  Histogram histogram;
  EXPECT_TRUE(bins_of(histogram).empty());
  histogram[120] = 5;
  histogram[122] = 300;
  EXPECT_EQ(bins_of(histogram), (Bytes{5, 0, 0xAC, 0x02}));
}

TEST(SeriesBytesTest, FormatLossIsTwelveCounts) {
  Sketch sketch;
  EXPECT_FALSE(has_loss(sketch));
  sketch.format_loss[0].flushed = 1;
  sketch.format_loss[3].overflowed = 128;
  EXPECT_TRUE(has_loss(sketch));
  Bytes bytes;
  append_format_loss(sketch, bytes);
  EXPECT_EQ(bytes, (Bytes{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x01}));
}

// Narrow and wide, small counts and those beyond 32 bits, over whatever was there before.
RC_GTEST_PROP(SeriesBytesTest, AnyHistogramReadsBack, ()) {
  Histogram histogram;
  for (int i = *rc::gen::inRange(0, 40); i > 0; --i) {
    const auto bin = static_cast<std::size_t>(*rc::gen::inRange(0, Sketch::kBins));
    const int bits = *rc::gen::inRange(0, 64);
    histogram[bin] = *rc::gen::arbitrary<std::uint64_t>() >> bits;
  }
  const Bytes bytes = bins_of(histogram);
  const Histogram::Range touched = histogram.touched();
  Histogram read;
  read[static_cast<std::size_t>(*rc::gen::inRange(0, Sketch::kBins))] = 77;
  std::span<const std::uint8_t> left(bytes);
  RC_ASSERT(take_bins(left, touched.begin, touched.end - touched.begin, read));
  RC_ASSERT(left.empty());
  RC_ASSERT(read == histogram);
}

bool are_bins(const Bytes& bytes, std::size_t first, std::size_t bins) {
  Histogram histogram;
  std::span<const std::uint8_t> left(bytes);
  return take_bins(left, first, bins, histogram);
}

TEST(SeriesBytesTest, MalformedBinsAreRefused) {
  EXPECT_TRUE(are_bins({1}, 254, 1));
  EXPECT_FALSE(are_bins({1, 1}, 254, 2)) << "beyond the last bin";
  EXPECT_FALSE(are_bins({1}, 255, 1)) << "beyond the last bin";
  EXPECT_FALSE(are_bins({0x80}, 3, 1)) << "ends inside a count";
  EXPECT_FALSE(are_bins({1}, 3, 2)) << "ends before a count";
  const Bytes max{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
  EXPECT_TRUE(are_bins(max, 3, 1));
  Bytes over = max;
  over.back() = 0x02;
  EXPECT_FALSE(are_bins(over, 3, 1)) << "65 bits";
  EXPECT_FALSE(are_bins(Bytes(20, 0xff), 3, 1)) << "a count that does not end";
  EXPECT_FALSE(are_bins({0xff, 0xff, 0xff, 0xff, 0x7f}, 3, 2)) << "ends after a large count";
}

bool is_loss(const Bytes& bytes) {
  Sketch sketch;
  std::span<const std::uint8_t> left(bytes);
  return take_format_loss(left, sketch) && left.empty();
}

TEST(SeriesBytesTest, FormatLossOfAnotherLengthIsRefused) {
  EXPECT_FALSE(is_loss(Bytes(11, 1)));
  EXPECT_TRUE(is_loss(Bytes(12, 1)));
  EXPECT_FALSE(is_loss(Bytes(13, 1)));
}

bool parse_time_series(const Bytes& bytes, TimeSeries& series) {
  std::span<const std::uint8_t> left(bytes);
  return take_time_series(left, series) && left.empty();
}

Bytes packed(const TimeSeries& series) {
  Bytes bytes;
  append_time_series(series, static_cast<std::int64_t>(series.values.size()), bytes);
  return bytes;
}

// -1 is -1024 units: zigzag 2047, and 3 more are 2050 = 0b10000'0000010; a step of +1 unit is 3
// + 2.
TEST(SeriesBytesTest, TimeSeriesAreDifferencesInUnitsOfTheResolution) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  const TimeSeries series{TimeQuantity::grad_h,
                          TimeStatistic::log2_rms,
                          {nan, -1, -inf, -1023.0F / 1024, inf, -1023.0F / 1024}};
  EXPECT_EQ(packed(series), (Bytes{0, 0x82, 0x10, 1, 5, 2, 3}));
}

TEST(SeriesBytesTest, ASeriesThatIsTooShortOrTooLongIsMadeToFit) {
  Bytes bytes;
  append_time_series({TimeQuantity::h, TimeStatistic::log2_rms, {0, 0, 0}}, 2, bytes);
  EXPECT_EQ(bytes, (Bytes{3, 3}));
  append_time_series({TimeQuantity::h, TimeStatistic::log2_rms, {0}}, 2, bytes);
  EXPECT_EQ(bytes, (Bytes{3, 3, 3, 0}));
}

RC_GTEST_PROP(SeriesBytesTest, AnyTimeSeriesOfKeptValuesReadsBack, ()) {
  TimeSeries series;
  series.statistic = static_cast<TimeStatistic>(*rc::gen::inRange(0, 4));
  const int count = *rc::gen::inRange(0, 50);
  for (int i = 0; i < count; ++i) {
    const double size = std::exp2(*rc::gen::inRange(-20, 40));
    const double value = size * *rc::gen::inRange(-1000, 1000) / 1000.0;
    series.values.push_back(time_value(value, series.statistic));
  }
  TimeSeries read = series;
  std::fill(read.values.begin(), read.values.end(), 77.0F);
  RC_ASSERT(parse_time_series(packed(series), read));
  RC_ASSERT(read == series);
}

TEST(SeriesBytesTest, TimeSeriesOfAnotherLengthAreRefused) {
  TimeSeries series{TimeQuantity::h, TimeStatistic::log2_rms, {0, 0}};
  EXPECT_TRUE(parse_time_series(Bytes{3, 4}, series));
  EXPECT_FALSE(parse_time_series(Bytes{3}, series));
  EXPECT_FALSE(parse_time_series(Bytes{3, 3, 3}, series));
  EXPECT_FALSE(parse_time_series(Bytes{3, 0x83}, series));
}

// The gradient of a sequence of 500 steps that decays: 2 bytes a step.
TEST(SeriesBytesTest, ADecayingSeriesTakesTwoBytesAStep) {
  TimeSeries series;
  for (int t = 0; t < 500; ++t) {
    series.values.push_back(time_value(-0.87 * (500 - t) + 0.01 * (t % 7), series.statistic));
  }
  EXPECT_LE(packed(series).size(), 1010U);
}

}  // namespace
}  // namespace plumb::store
