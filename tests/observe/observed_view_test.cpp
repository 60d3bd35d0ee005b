// SPDX-License-Identifier: Apache-2.0
#include "plumb/observe/observed_view.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "plumb/core/error.h"
#include "plumb/observe/mean_square.h"
#include "tests/observe/stored.h"
#include "tests/support/message_of.h"

namespace plumb {
namespace {

using testing::Stored;

std::vector<double> read_all(const ObservedView& view, std::size_t most) {
  KeptReader reader(view);
  std::vector<double> all, buffer(most);
  while (const std::size_t count = reader.next(std::span(buffer))) {
    all.insert(all.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return all;
}

TEST(ObservedViewTest, EveryElementTypeAndStrideIsReadInRowMajorOrder) {
  const std::vector<double> values = testing::eighths(60, 3);
  for (const ElementType type : testing::kElementTypes) {
    const Stored stored(values, type);
    for (const std::size_t most : {1U, 7U, 100U}) {
      EXPECT_EQ(read_all(stored.view({3, 4, 5}), most), values);
      // [5, 3, 4] of a memory [3, 4, 5].
      std::vector<double> transposed;
      for (std::size_t k = 0; k < 5; ++k) {
        for (std::size_t ij = 0; ij < 12; ++ij) transposed.push_back(values[ij * 5 + k]);
      }
      EXPECT_EQ(read_all(stored.view({5, 3, 4}, {1, 20, 5}), most), transposed);
      EXPECT_EQ(
          read_all(stored.view({2, 3}, {0, 1}), most),
          (std::vector<double>{values[0], values[1], values[2], values[0], values[1], values[2]}));
      EXPECT_EQ(read_all(stored.view({}), most), std::vector<double>{values[0]});
      EXPECT_TRUE(read_all(stored.view({0, 4}), most).empty());
    }
  }
}

TEST(ObservedViewTest, HalvesOfEveryKind) {
  const std::vector<std::uint16_t> bits = {0x0000, 0x8000, 0x3c00, 0xc000, 0x7bff,
                                           0x0400, 0x0001, 0x83ff, 0x7c00, 0xfc00};
  const std::int64_t size = static_cast<std::int64_t>(bits.size()), stride = 1;
  const StridedView view(bits.data(), ElementType::f16, {&size, 1}, {&stride, 1});
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<double> expected = {
      0, -0.0, 1, -2, 65504, 0x1p-14, 0x1p-24, -1023 * 0x1p-24, infinity, -infinity};
  EXPECT_EQ(read_all(view, 3), expected);
  const std::uint16_t nan = 0x7e01;
  const std::int64_t one = 1;
  EXPECT_TRUE(std::isnan(
      read_all(StridedView(&nan, ElementType::f16, {&one, 1}, {&stride, 1}), 1).front()));
}

TEST(ObservedViewTest, PaddingIsPassedOver) {
  const std::vector<double> values = testing::eighths(24, 5);
  const Stored stored(values, ElementType::f32);
  // Sequences of 4, 1 and 2 tokens with two features each.
  const std::vector<std::uint8_t> mask = {1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 0, 0};
  const ObservedView view =
      ObservedView(stored.view({3, 4, 2}), {Axis::sample, Axis::time, Axis::unit})
          .masked(mask.data(), {4, 1, 0});
  std::vector<double> kept;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (mask[i / 2] != 0) kept.push_back(values[i]);
  }
  for (const std::size_t most : {1U, 5U, 64U}) EXPECT_EQ(read_all(view, most), kept);
  // A mask of the elements themselves, of the same memory order.
  std::vector<std::uint8_t> each(24);
  for (std::size_t i = 0; i < each.size(); ++i) each[i] = i % 3 != 0;
  std::vector<double> other;
  for (std::size_t i = 0; i < each.size(); ++i) {
    if (each[i] != 0) other.push_back(values[i]);
  }
  for (const std::size_t most : {1U, 5U, 64U}) {
    EXPECT_EQ(read_all(ObservedView(stored.view({3, 4, 2})).masked(each.data(), {8, 2, 1}), most),
              other);
  }
}

TEST(ObservedViewTest, UnitsAreFeaturesAndNeitherPlacesNorTimeSteps) {
  const Stored stored(std::vector<double>(240), ElementType::f32);
  EXPECT_EQ(ObservedView(stored.view({2, 3, 4, 5})).units(), 3);
  EXPECT_EQ(ObservedView(stored.view({6, 4, 10})).units(), 10);
  EXPECT_EQ(ObservedView(stored.view({6, 40})).units(), 40);
  EXPECT_EQ(ObservedView(stored.view({240})).units(), 1);
  const ObservedView attention(stored.view({2, 3, 4, 10}),
                               {Axis::sample, Axis::head, Axis::time, Axis::unit});
  EXPECT_EQ(attention.units(), 30);
  EXPECT_EQ(attention.samples(), 2);
  EXPECT_EQ(attention.find(Axis::head), 1);
  EXPECT_EQ(attention.find(Axis::expert), -1);
}

TEST(ObservedViewTest, ASliceTakesItsPartOfTheMask) {
  const std::vector<double> values = testing::eighths(12, 9);
  const Stored stored(values, ElementType::f64);
  const std::vector<std::uint8_t> mask = {1, 0, 1, 0, 1, 1};
  const ObservedView view =
      ObservedView(stored.view({3, 2, 2}), {Axis::time, Axis::head, Axis::unit})
          .masked(mask.data(), {2, 1, 0});
  EXPECT_EQ(read_all(view.slice(1, 1), 5), (std::vector<double>{values[10], values[11]}));
}

TEST(ObservedViewTest, ItsSizeIsThatOfTrueValues) {
  const std::vector<double> values = testing::eighths(5000, 2);
  double squares = 0;
  for (const double v : values) squares += v * v;
  const double expected = 0.5 * std::log2(squares / 5000);
  for (const ElementType type : testing::kElementTypes) {
    const Stored stored(values, type);
    const MeanSquare size =
        mean_square(ObservedView(stored.view({50, 100}, {1, 50})).scaled(-10.5));
    EXPECT_EQ(size.count, 5000);
    EXPECT_NEAR(size.log2_rms, expected - 10.5, 1e-6);
  }
}

TEST(ObservedViewTest, PartsMergeFarBeyondTheRangeOfDouble) {
  MeanSquare sum{3, -5000};
  sum.merge({1, -5001});
  EXPECT_EQ(sum.count, 4);
  EXPECT_NEAR(sum.log2_rms, -5000 + 0.5 * std::log2((3 + 0.25) / 4), 1e-12);
  sum.merge({4, -std::numeric_limits<double>::infinity()});  // zeros
  EXPECT_NEAR(sum.log2_rms, -5000 + 0.5 * std::log2((3 + 0.25) / 8), 1e-12);
  sum.merge({1, std::numeric_limits<double>::quiet_NaN()});
  EXPECT_TRUE(std::isnan(sum.log2_rms));
  sum.merge({1, 0});
  EXPECT_TRUE(std::isnan(sum.log2_rms));
}

TEST(ObservedViewTest, NamesTheAxesThatAreMissing) {
  const Stored stored(std::vector<double>(6), ElementType::f32);
  EXPECT_EQ(testing::message_of<UsageError>([&] {
              ObservedView(stored.view({2, 3}), {Axis::sample});
            }),
            "ObservedView of f32 [2, 3] strides [3, 1]: 1 axes are named, expected 2");
  const std::int64_t size = 4, stride = 1;
  EXPECT_THROW(ObservedView(StridedView(nullptr, ElementType::f32, {&size, 1}, {&stride, 1})),
               UsageError);
}

}  // namespace
}  // namespace plumb
