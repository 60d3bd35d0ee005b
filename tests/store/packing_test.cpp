// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/packing.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace plumb::store {
namespace {

// The bytes are the file format: worked out by hand from docs/formats.md, 300 = 0b10'0101100.
TEST(PackingTest, HistogramIsFirstBinThenCounts) {
  Sketch sketch;
  sketch.histogram[120] = 5;
  sketch.histogram[122] = 300;
  Bytes bytes;
  append_histogram(sketch, bytes);
  EXPECT_EQ(bytes, (Bytes{120, 5, 0, 0xAC, 0x02}));
}

TEST(PackingTest, EmptyHistogramAndLosslessFormatsTakeNoBytes) {
  Bytes bytes;
  append_histogram({}, bytes);
  append_format_loss({}, bytes);
  EXPECT_TRUE(bytes.empty());
}

TEST(PackingTest, FormatLossIsTwelveCounts) {
  Sketch sketch;
  sketch.format_loss[0].flushed = 1;
  sketch.format_loss[3].overflowed = 128;
  Bytes bytes;
  append_format_loss(sketch, bytes);
  EXPECT_EQ(bytes, (Bytes{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x01}));
}

bool histogram_is_valid(const Bytes& bytes) {
  Sketch sketch;
  return parse_histogram(bytes, sketch);
}

TEST(PackingTest, MalformedHistogramsAreRefused) {
  EXPECT_TRUE(histogram_is_valid({254, 1}));
  EXPECT_FALSE(histogram_is_valid({254, 1, 1})) << "a count beyond the last bin";
  EXPECT_FALSE(histogram_is_valid({255, 1})) << "begins beyond the last bin";
  EXPECT_FALSE(histogram_is_valid({3, 0x80})) << "ends inside a count";
  const Bytes max{3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
  EXPECT_TRUE(histogram_is_valid(max));
  Bytes over = max;
  over.back() = 0x02;
  EXPECT_FALSE(histogram_is_valid(over)) << "65 bits";
  EXPECT_FALSE(histogram_is_valid(Bytes(20, 0xff))) << "a count that does not end";
}

TEST(PackingTest, FormatLossOfAnotherLengthIsRefused) {
  Sketch sketch;
  EXPECT_FALSE(parse_format_loss(Bytes(11, 1), sketch));
  EXPECT_TRUE(parse_format_loss(Bytes(12, 1), sketch));
  EXPECT_FALSE(parse_format_loss(Bytes(13, 1), sketch));
}

Bytes packed(const TimeSeries& series) {
  Bytes bytes;
  append_time_series(series, static_cast<std::int64_t>(series.values.size()), bytes);
  return bytes;
}

// -1 is -1024 units: zigzag 2047, and 3 more are 2050 = 0b10000'0000010; a step of +1 unit is 3
// + 2.
TEST(PackingTest, TimeSeriesAreDifferencesInUnitsOfTheResolution) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  const TimeSeries series{TimeQuantity::grad_h,
                          TimeStatistic::log2_rms,
                          {nan, -1, -inf, -1023.0F / 1024, inf, -1023.0F / 1024}};
  EXPECT_EQ(packed(series), (Bytes{0, 0x82, 0x10, 1, 5, 2, 3}));
}

TEST(PackingTest, ASeriesThatIsTooShortOrTooLongIsMadeToFit) {
  Bytes bytes;
  append_time_series({TimeQuantity::h, TimeStatistic::log2_rms, {0, 0, 0}}, 2, bytes);
  EXPECT_EQ(bytes, (Bytes{3, 3}));
  append_time_series({TimeQuantity::h, TimeStatistic::log2_rms, {0}}, 2, bytes);
  EXPECT_EQ(bytes, (Bytes{3, 3, 3, 0}));
}

RC_GTEST_PROP(PackingTest, AnyTimeSeriesOfKeptValuesReadsBack, ()) {
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

TEST(PackingTest, TimeSeriesOfAnotherLengthAreRefused) {
  TimeSeries series{TimeQuantity::h, TimeStatistic::log2_rms, {0, 0}};
  EXPECT_TRUE(parse_time_series(Bytes{3, 4}, series));
  EXPECT_FALSE(parse_time_series(Bytes{3}, series));
  EXPECT_FALSE(parse_time_series(Bytes{3, 3, 3}, series));
  EXPECT_FALSE(parse_time_series(Bytes{3, 0x83}, series));
}

// The gradient of a sequence of 500 steps that decays: 2 bytes a step.
TEST(PackingTest, ADecayingSeriesTakesTwoBytesAStep) {
  TimeSeries series;
  for (int t = 0; t < 500; ++t) {
    series.values.push_back(time_value(-0.87 * (500 - t) + 0.01 * (t % 7), series.statistic));
  }
  EXPECT_LE(packed(series).size(), 1010U);
}

TEST(PackingTest, SitesAreNumberedOnceAsTheyAppear) {
  StepPacker packer;
  StepRecord step;
  step.sketches = {{{"0", Role::z, ""}, {}}, {{"0", Role::a, ""}, {}}};
  EXPECT_EQ(packer.pack(step).new_sites.size(), 2U);
  std::swap(step.sketches[0], step.sketches[1]);
  step.sketches.push_back({{"1", Role::z, ""}, {}});
  const PackedStep packed = packer.pack(step);
  EXPECT_EQ(packed.sketches[0].site, 1);
  EXPECT_EQ(packed.sketches[1].site, 0);
  ASSERT_EQ(packed.new_sites.size(), 1U);
  EXPECT_EQ(packed.new_sites[0].first, 2);
}

// Fields that would run together without a separator.
TEST(PackingTest, SitesThatReadAlikeAreTwoSites) {
  StepPacker packer;
  StepRecord step;
  step.sketches = {{{"0", Role::z, "z"}, {}}, {{"0z", Role::z, ""}, {}}};
  EXPECT_EQ(packer.pack(step).new_sites.size(), 2U);
}

}  // namespace
}  // namespace plumb::store
