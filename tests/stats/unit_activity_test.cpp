// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/unit_activity.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "plumb/core/rng.h"
#include "plumb/core/tensor.h"
#include "plumb/stats/widen.h"
#include "tests/stats/every_target.h"

namespace plumb {
namespace {

std::vector<std::uint64_t> counts_of(const UnitActivity& activity) {
  std::vector<std::uint64_t> counts;
  for (std::int64_t unit = 0; unit < activity.units(); ++unit)
    counts.push_back(activity.active_count(unit));
  return counts;
}

TEST(UnitActivityTest, CountsEveryColumnAtEveryWidth) {
  const Rng rng(1, "activity");
  for_every_target([&] {
    for (std::int64_t units = 1; units <= 40; ++units) {
      const std::int64_t batch = 9;
      std::vector<float> x(static_cast<std::size_t>(batch * units));
      std::vector<double> xd(x.size());
      std::vector<std::uint64_t> expected(static_cast<std::size_t>(units), 0);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double u = rng.uniform(i);
        x[i] = u < 0.3 ? 0.0f : u < 0.5 ? -0.0f : u < 0.6 ? 1e-45f : -1.0f;
        xd[i] = x[i];
        expected[i % static_cast<std::size_t>(units)] += u >= 0.5;
      }
      UnitActivity activity(units), of_doubles(units);
      activity.add({x.data(), DType::f32, Shape{batch, units}});
      of_doubles.add({xd.data(), DType::f64, Shape{batch, units}});
      ASSERT_EQ(counts_of(activity), expected);
      ASSERT_EQ(counts_of(of_doubles), expected);
      ASSERT_EQ(activity.sample_count(), 9u);
    }
  });
}

TEST(UnitActivityTest, TheSamePassJudgesTheBatch) {
  const Rng rng(3, "derivative");
  for_every_target([&] {
    for (const std::int64_t units : {1, 3, 15, 16, 17, 33, 64, 65, 100, 150}) {
      const std::int64_t batch = 11;
      std::vector<float> x(static_cast<std::size_t>(batch * units));
      std::vector<double> xd(x.size());
      double squares = 0, below = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        x[i] = static_cast<float>(rng.normal(i) * 1e-25);  // the squares are beyond float
        xd[i] = x[i];
        squares += xd[i] * xd[i];
        below += std::abs(x[i]) < 5e-26f;
      }
      const double size = static_cast<double>(x.size());
      UnitActivity activity(units), of_doubles(units);
      const auto a = activity.add({x.data(), DType::f32, Shape{batch, units}}, 5e-26f);
      const auto b = of_doubles.add({xd.data(), DType::f64, Shape{batch, units}}, 5e-26f);
      EXPECT_NEAR(a.log2_rms, 0.5 * std::log2(squares / size), 1e-12);
      EXPECT_NEAR(b.log2_rms, 0.5 * std::log2(squares / size), 1e-12);
      EXPECT_EQ(a.below_fraction, below / size);
      EXPECT_EQ(b.below_fraction, below / size);
    }
  });
}

TEST(UnitActivityTest, OneRareValueAnywhereIsCounted) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Rng rng(5, "derivative");
  for_every_target([&] {
    for (const std::int64_t units : {1, 7, 16, 40}) {
      const std::int64_t batch = 60;
      for (const float rare : {0.0f, -0.0f, 1e-45f, 1e-30f, -0.04f, 0.05f, 1e25f, infinity, nan}) {
        for (std::size_t at = 0; at < static_cast<std::size_t>(batch * units); at += 13) {
          std::vector<float> x(static_cast<std::size_t>(batch * units));
          for (std::size_t i = 0; i < x.size(); ++i)
            x[i] = static_cast<float>(rng.uniform(i, 0.06, 1));
          x[at] = rare;
          double squares = 0;
          for (const float v : x) squares += static_cast<double>(v) * static_cast<double>(v);
          const auto size = static_cast<double>(x.size());
          UnitActivity activity(units);
          const auto stats = activity.add({x.data(), DType::f32, Shape{batch, units}}, 0.05f);
          ASSERT_EQ(stats.below_fraction, std::abs(rare) < 0.05f ? 1 / size : 0) << rare << at;
          const double log2_rms = 0.5 * std::log2(squares / size);
          if (std::isfinite(log2_rms)) {
            ASSERT_NEAR(stats.log2_rms, log2_rms, 1e-6) << rare << " at " << at;
          } else {
            ASSERT_EQ(std::isnan(stats.log2_rms), std::isnan(log2_rms)) << rare << " at " << at;
          }
          for (std::size_t j = 0; j < static_cast<std::size_t>(units); ++j) {
            const bool silent = rare == 0 && at % static_cast<std::size_t>(units) == j;
            ASSERT_EQ(counts_of(activity)[j], silent ? 59U : 60U) << rare << " at " << at;
          }
        }
      }
    }
  });
}

TEST(UnitActivityTest, PartsOfABatchComeToTheWhole) {
  for (const int exponent : {0, -600}) {
    std::vector<double> values(40 * 3);
    const Rng rng(5, "parts");
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = std::scalbn(rng.normal(i), exponent);
    const double limit = std::scalbn(0.5, exponent);
    const auto rows = [&](std::int64_t begin, std::int64_t count) {
      return ConstView{values.data() + begin * 3, DType::f64, Shape{count, 3}};
    };
    UnitActivity whole(3), parts(3);
    const DerivativeStats expected = whole.add(rows(0, 40), limit);
    DerivativeStats stats;
    for (const auto& [begin, count] : {std::pair{0, 7}, {7, 0}, {7, 1}, {8, 32}}) {
      stats.merge(parts.add(rows(begin, count), limit));
    }
    EXPECT_EQ(stats.count, 120U);
    EXPECT_NEAR(stats.log2_rms, expected.log2_rms, 1e-12);
    EXPECT_NEAR(stats.below_fraction, expected.below_fraction, 1e-15);
    EXPECT_EQ(counts_of(parts), counts_of(whole));
  }
}

TEST(UnitActivityTest, PartsThatAreZeroOrNotFinite) {
  const double infinity = std::numeric_limits<double>::infinity();
  const auto merged = [](double a, double b) {
    DerivativeStats stats{1, a, 0};
    stats.merge({3, b, 1});
    return stats;
  };
  EXPECT_EQ(merged(-infinity, -infinity).log2_rms, -infinity);
  EXPECT_NEAR(merged(-infinity, 1).log2_rms, 1 + 0.5 * std::log2(0.75), 1e-15);
  EXPECT_EQ(merged(infinity, -infinity).log2_rms, infinity);
  EXPECT_TRUE(std::isnan(merged(std::nan(""), 1).log2_rms));
  EXPECT_TRUE(std::isnan(merged(1, std::nan("")).log2_rms));
  EXPECT_EQ(merged(1, 2).below_fraction, 0.75);
}

TEST(UnitActivityTest, NanIsNeverBelowAndSpoilsTheRms) {
  UnitActivity a(20);
  std::vector<float> x(40, std::numeric_limits<float>::quiet_NaN());
  const DerivativeStats stats = a.add({x.data(), DType::f32, Shape{2, 20}}, 1);
  EXPECT_EQ(stats.below_fraction, 0.0);
  EXPECT_TRUE(std::isnan(stats.log2_rms));
}

TEST(UnitActivityTest, AUnitIsDeadOnlyIfSilentOverTheWholeWindow) {
  UnitActivity a(3), b(3);
  const std::vector<float> first{0, 1, 0, 0, 0, 0}, second{0, 0, 1, 0, 0, 1};
  a.add({first.data(), DType::f32, Shape{2, 3}});
  EXPECT_EQ(a.dead_units(), 2);
  b.add({second.data(), DType::f32, Shape{2, 3}});
  a.merge(b);
  EXPECT_EQ(a.dead_units(), 1);
  EXPECT_DOUBLE_EQ(a.dead_unit_fraction(), 1.0 / 3);
  EXPECT_DOUBLE_EQ(a.active_fraction(), 3.0 / 12);
  EXPECT_EQ(a.sample_count(), 4u);
}

TEST(UnitActivityTest, AnEmptyWindowHasNoDeadUnits) {
  EXPECT_EQ(UnitActivity(4).dead_units(), 0);
  EXPECT_EQ(UnitActivity(4).active_fraction(), 0.0);
  EXPECT_EQ(UnitActivity().dead_unit_fraction(), 0.0);
}

TEST(UnitActivityTest, NanIsNotSilence) {
  UnitActivity a(1);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  a.add({&nan, DType::f32, Shape{1, 1}});
  EXPECT_EQ(a.dead_units(), 0);
}

TEST(UnitActivityTest, AllAxesAfterTheBatchAreUnits) {
  UnitActivity a(4);
  const std::vector<float> x{1, 0, 1, 0, 1, 0, 0, 0};
  a.add({x.data(), DType::f32, Shape{2, 2, 2}});
  EXPECT_EQ(counts_of(a), (std::vector<std::uint64_t>{2, 0, 1, 0}));
}

TEST(UnitActivityTest, BatchesThatSilenceNothingAndOthersCountTogether) {
  std::vector<float> some(64, 1.0f);
  for (std::size_t i = 0; i < 4; ++i) some[i * 16 + 5] = 0;
  const ConstView batch{some.data(), DType::f32, Shape{4, 16}};
  UnitActivity a(16), b(16);
  a.add(batch);
  EXPECT_EQ(a.dead_units(), 1);
  const DerivativeStats stats = b.add_all_active(4, 64, 16, 256);
  EXPECT_EQ(stats.count, 64U);
  EXPECT_EQ(stats.log2_rms, 1);
  EXPECT_EQ(stats.below_fraction, 0.25);
  b.add(batch);
  EXPECT_EQ(b.dead_units(), 0);
  b.merge(a);
  std::vector<std::uint64_t> expected(16, 12);
  expected[5] = 4;
  EXPECT_EQ(counts_of(b), expected);
  EXPECT_EQ(b.sample_count(), 12U);
  EXPECT_EQ(b.active_total(), 12U * 16 - 8);
  EXPECT_EQ(b.element_count(), 12U * 16);
  b.clear();
  EXPECT_EQ(counts_of(b), std::vector<std::uint64_t>(16, 0));
}

TEST(UnitActivityTest, OfImagesEveryPositionCounts) {
  UnitActivity a(3);
  a.add_all_active(2, 2 * 3 * 5, 0, 30);
  EXPECT_EQ(counts_of(a), std::vector<std::uint64_t>(3, 10));
  EXPECT_EQ(a.sample_count(), 2U);
}

TEST(UnitActivityTest, AWrongNumberOfUnitsNamesBothShapes) {
  UnitActivity a(3);
  const std::vector<float> x(8);
  try {
    a.add({x.data(), DType::f32, Shape{2, 4}});
    FAIL();
  } catch (const ShapeError& e) {
    EXPECT_STREQ(e.what(), "unit activity: derivative has shape [2, 4], expected [batch, 3]");
  }
  EXPECT_THROW(a.merge(UnitActivity(2)), ShapeError);
}

/// Channel 1 of an image in `layout`, one position of one sample apart, is silent.
Tensor image(DType dtype, Layout layout, std::int64_t channels, std::int64_t height) {
  Tensor x(Shape{2, channels, height, 9}, dtype, layout);
  dispatch(dtype, [&]<class T>(T) {
    const auto values = x.as<T>();
    const std::int64_t block = channel_block(layout), area = height * 9;
    for (std::int64_t n = 0; n < 2; ++n) {
      for (std::int64_t c = 0; c < channels; ++c) {
        for (std::int64_t p = 0; p < area; ++p) {
          const auto at = ((n * channels / block + c / block) * area + p) * block + c % block;
          const bool active = c != 1 || (n == 1 && p == 4);
          values[static_cast<std::size_t>(at)] = active ? T(0.5) : T(0);
        }
      }
    }
  });
  return x;
}

TEST(UnitActivityTest, AUnitOfImagesIsAChannelInEveryLayout) {
  for (const auto& [dtype, layout] : {std::pair{DType::f64, Layout::row_major},
                                      {DType::f32, Layout::row_major},
                                      {DType::f32, Layout::channels_8},
                                      {DType::f32, Layout::channels_16}}) {
    for (const std::int64_t height : {1, 3, 15}) {
      const Tensor x = image(dtype, layout, 32, height);
      const auto area = static_cast<std::uint64_t>(height * 9);
      UnitActivity activity(UnitActivity::units_of(x.shape()));
      const DerivativeStats stats = activity.add(x.view(), 0.1);
      ASSERT_EQ(activity.units(), 32);
      EXPECT_EQ(activity.sample_count(), 2u);
      EXPECT_EQ(activity.element_count(), 2 * 32 * area);
      for (std::size_t c = 0; c < 32; ++c) {
        EXPECT_EQ(counts_of(activity)[c], c == 1 ? 1 : 2 * area) << c;
      }
      EXPECT_EQ(activity.dead_units(), 0);
      const double silent = static_cast<double>(2 * area - 1) / static_cast<double>(64 * area);
      EXPECT_NEAR(stats.below_fraction, silent, 1e-12);
      EXPECT_NEAR(activity.active_fraction(), 1 - silent, 1e-12);
      EXPECT_NEAR(stats.log2_rms, 0.5 * std::log2(0.25 * (1 - silent)), 1e-9);
    }
  }
}

struct AxesCase {
  const char* name;
  std::vector<std::int64_t> sizes, strides;
  int sample;
  std::vector<int> units;
};

const std::vector<AxesCase>& axes_cases() {
  static const std::vector<AxesCase> cases{
      {"rows", {30, 70}, {70, 1}, 0, {1}},
      {"rows apart", {30, 70}, {100, 1}, 0, {1}},
      {"every second unit", {30, 70}, {140, 2}, 0, {1}},
      {"samples last", {70, 300}, {300, 1}, 1, {0}},
      {"transposed", {300, 70}, {1, 300}, 0, {1}},
      {"few units", {2000, 3}, {3, 1}, 0, {1}},
      {"one unit", {500, 1}, {1, 1}, 0, {1}},
      {"many units", {3, 5000}, {5000, 1}, 0, {1}},
      {"images", {4, 6, 8, 9}, {432, 72, 9, 1}, 0, {1}},
      {"channels last", {4, 6, 8, 9}, {432, 1, 54, 6}, 0, {1}},
      {"a crop", {4, 6, 8, 9}, {1200, 200, 20, 1}, 0, {1}},
      {"large images", {2, 3, 50, 60}, {9000, 3000, 60, 1}, 0, {1}},
      {"sequences", {5, 12, 40}, {480, 40, 1}, 0, {2}},
      {"sequences of two axes of units", {5, 12, 4, 10}, {480, 40, 10, 1}, 0, {2, 3}},
      {"units in the other order", {5, 12, 4, 10}, {480, 40, 10, 1}, 0, {3, 2}},
      {"time first", {12, 5, 40}, {200, 40, 1}, 1, {2}},
      {"no sample axis", {12, 40}, {40, 1}, -1, {1}},
      {"broadcast over samples", {7, 40}, {0, 1}, 0, {1}},
      {"nothing", {0, 40}, {40, 1}, 0, {1}},
  };
  return cases;
}

template <class T>
void expect_plain_loops(ElementType type, const T* data, double limit) {
  for (const AxesCase& c : axes_cases()) {
    const StridedView view(data, type, c.sizes, c.strides);
    std::int64_t units = 1;
    for (const int axis : c.units) units *= c.sizes[static_cast<std::size_t>(axis)];
    std::vector<std::uint64_t> expected(static_cast<std::size_t>(units), 0);
    double squares = 0, below = 0;
    StridedView::Axes index{};
    for (std::int64_t left = view.size(); left > 0; --left) {
      std::int64_t offset = 0, unit = 0;
      for (int axis = 0; axis < view.rank; ++axis) offset += index[axis] * view.strides[axis];
      for (const int axis : c.units) unit = unit * view.sizes[axis] + index[axis];
      double value = 0;
      widen(type, data + offset, 1, &value);
      expected[static_cast<std::size_t>(unit)] += value != 0;
      squares += value * value;
      below += std::abs(value) < limit;
      for (int axis = view.rank; axis-- > 0;) {
        if (++index[axis] < view.sizes[axis]) break;
        index[axis] = 0;
      }
    }
    for_every_target([&] {
      UnitActivity activity(units);
      const UnitAxes axes{c.sample, c.units};
      const DerivativeStats stats = activity.add(view, axes, limit);
      EXPECT_EQ(counts_of(activity), expected) << c.name;
      const auto size = static_cast<double>(view.size());
      EXPECT_EQ(stats.count, static_cast<std::uint64_t>(view.size())) << c.name;
      EXPECT_EQ(activity.element_count(), stats.count) << c.name;
      EXPECT_EQ(activity.active_total(),
                std::accumulate(expected.begin(), expected.end(), std::uint64_t{0}));
      EXPECT_EQ(activity.sample_count(),
                c.sample < 0 ? 1u : static_cast<std::uint64_t>(view.sizes[c.sample]));
      if (view.size() > 0) {
        EXPECT_NEAR(stats.below_fraction, below / size, 1e-12) << c.name;
        EXPECT_NEAR(stats.log2_rms, 0.5 * std::log2(squares / size), 1e-6) << c.name;
      }
    });
  }
}

TEST(UnitActivityTest, AnyTypeAxesAndStrides) {
  const Rng rng(12, "axes");
  const std::size_t size = 30000;
  std::vector<float> f32(size);
  std::vector<double> f64(size);
  std::vector<std::uint16_t> bf16(size), f16(size);
  for (std::size_t i = 0; i < size; ++i) {
    const double u = rng.uniform(i);
    const bool is_active = u > 0.4 && i % 70 > 3;
    f64[i] = is_active ? u : 0;
    f32[i] = is_active ? static_cast<float>(u) : -0.0f;
    bf16[i] = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(f32[i]) >> 16);
    f16[i] = static_cast<std::uint16_t>(is_active ? 0x3800 + i % 1024 : 0x8000);
  }
  for (const double limit : {0.0, 0.625}) {
    expect_plain_loops(ElementType::f16, f16.data(), limit);
    expect_plain_loops(ElementType::bf16, bf16.data(), limit);
    expect_plain_loops(ElementType::f32, f32.data(), limit);
    expect_plain_loops(ElementType::f64, f64.data(), limit);
  }
}

TEST(UnitActivityTest, AxesThatAreNotTheTensorsAreRefused) {
  const std::vector<float> x(60);
  const StridedView view = ConstView{x.data(), DType::f32, Shape{5, 12}};
  const std::vector<int> second{1}, twice{1, 1}, third{2};
  UnitActivity activity(12), other(13);
  EXPECT_THROW(activity.add(view, {2, second}), ShapeError);
  EXPECT_THROW(activity.add(view, {1, second}), ShapeError);
  EXPECT_THROW(activity.add(view, {0, twice}), ShapeError);
  EXPECT_THROW(activity.add(view, {0, third}), ShapeError);
  EXPECT_THROW(other.add(view, {0, second}), ShapeError);
  EXPECT_EQ(activity.sample_count(), 0u);
}

}  // namespace
}  // namespace plumb
