// SPDX-License-Identifier: Apache-2.0
#include "plumb/observe/signal_recorder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/observe/stored.h"

namespace plumb {
namespace {

class SignalRecorderTest : public ::testing::Test {
 protected:
  SignalRecorderTest() { info_.layers.resize(3); }

  /// Row-major samples, told as a tensor of the engine.
  void add(LayerId layer, const std::vector<double>& values, std::int64_t samples) {
    const auto features = static_cast<std::int64_t>(values.size()) / samples;
    recorder_.add(layer, ConstView{values.data(), DType::f64, Shape{samples, features}});
  }
  void begin(std::int64_t step) { recorder_.begin(info_, step, records_); }

  RunInfo info_;
  SignalRecorder recorder_;
  std::vector<SignalRecord> records_;
};

TEST_F(SignalRecorderTest, SimilarityIsTheMeanCosine) {
  begin(0);
  // Cosines of the three pairs: 0, 1/sqrt 2, 1/sqrt 2, whatever the sizes.
  add(0, {3, 0, 0, 0.5, 7, 7}, 3);
  ASSERT_EQ(records_.size(), 1U);
  EXPECT_EQ(records_[0].samples, 3);
  EXPECT_NEAR(records_[0].similarity, std::sqrt(2.0) / 3, 1e-12);
}

TEST_F(SignalRecorderTest, EqualSamplesAreOneAndHaveNoDirection) {
  begin(0);
  add(0, {1, 2, 2, 4, 3, 6}, 3);
  EXPECT_NEAR(records_[0].similarity, 1, 1e-12);
  EXPECT_NEAR(records_[0].directions, 1, 1e-12) << "they differ in size";
  add(1, {1, 2, 1, 2, 1, 2}, 3);
  EXPECT_EQ(records_[1].directions, 0);
}

TEST_F(SignalRecorderTest, DirectionsCountEigenvaluesByTheirSize) {
  begin(0);
  // Four samples at +-1 on two axes: two equal eigenvalues.
  add(0, {1, 0, -1, 0, 0, 1, 0, -1}, 4);
  EXPECT_NEAR(records_[0].directions, 2, 1e-12);
  // Eigenvalues 8 and 2: (8 + 2)^2 / (64 + 4).
  add(1, {2, 0, -2, 0, 0, 1, 0, -1}, 4);
  EXPECT_NEAR(records_[1].directions, 100.0 / 68, 1e-12);
}

TEST_F(SignalRecorderTest, NearlyEqualSamplesKeepTheirDirections) {
  begin(0);
  const double e = 1e-9;
  add(0, {1 + e, 1, 1 - e, 1, 1, 1 + e, 1, 1 - e}, 4);
  EXPECT_NEAR(records_[0].directions, 2, 1e-4);
}

TEST_F(SignalRecorderTest, SamplesOfZerosAndNaNAreNotCounted) {
  begin(0);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  add(0, {0, 0, nan, 1, 1, 0, 1, 0}, 4);
  EXPECT_EQ(records_[0].samples, 2);
  EXPECT_NEAR(records_[0].similarity, 1, 1e-12);
  EXPECT_TRUE(std::isnan(records_[0].directions));
  add(1, {0, 0, 0, 0, 0, 0, 1, 0}, 4);
  EXPECT_EQ(records_[1].samples, 1);
  EXPECT_TRUE(std::isnan(records_[1].similarity));
}

TEST_F(SignalRecorderTest, AnyTensorGivesTheSameAsTheRowsOfOurs) {
  begin(0);
  std::vector<double> rows, columns(12);
  for (int i = 0; i < 12; ++i) rows.push_back((i * 7 % 5) - 1.5);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t f = 0; f < 3; ++f) columns[f * 4 + i] = rows[i * 3 + f];
  }
  add(0, rows, 4);
  for (const ElementType type : {ElementType::f32, ElementType::f64, ElementType::bf16}) {
    const testing::Stored stored(columns, type);
    begin(0);
    recorder_.add(0, ObservedView(stored.view({3, 4}), {Axis::unit, Axis::sample}));
    ASSERT_EQ(records_.size(), 1U);
    begin(0);
    add(0, rows, 4);
    const SignalRecord expected = records_[0];
    begin(0);
    recorder_.add(0, ObservedView(stored.view({3, 4}), {Axis::unit, Axis::sample}));
    EXPECT_NEAR(records_[0].similarity, expected.similarity, 1e-12);
    EXPECT_NEAR(records_[0].directions, expected.directions, 1e-12);
  }
}

TEST_F(SignalRecorderTest, NothingIsSaidWhereRowsAreNotTheSamplesOfTheBatch) {
  begin(0);
  add(0, {1, 0, 0, 1}, 2);
  add(1, {1, 0, 0, 1}, 4);
  const testing::Stored stored({1, 2, 3, 4}, ElementType::f64);
  recorder_.add(2, ObservedView(stored.view({2, 2}), {Axis::place, Axis::unit}));
  EXPECT_EQ(records_.size(), 1U);
  add(0, {1, 0, 0, 1}, 2);
  EXPECT_EQ(records_.size(), 1U) << "the first call of a layer counts";
}

TEST_F(SignalRecorderTest, IsDueAtTheStartAtGeometricStepsAndAtTheEnd) {
  info_.planned_steps = 100;
  std::vector<std::int64_t> due, with_directions;
  for (std::int64_t step = 0; step < 100; ++step) {
    begin(step);
    if (!recorder_.is_due()) continue;
    due.push_back(step);
    add(0, {1, 0, 0, 1}, 2);
    if (!std::isnan(records_[0].directions)) with_directions.push_back(step);
  }
  EXPECT_EQ(due, (std::vector<std::int64_t>{0, 1, 2, 4, 8, 16, 32, 64, 99}));
  EXPECT_EQ(with_directions, (std::vector<std::int64_t>{0, 1, 4, 16, 64, 99}));
}

TEST_F(SignalRecorderTest, AStepThatIsBegunAgainIsDueAgain) {
  begin(0);
  begin(0);
  EXPECT_TRUE(recorder_.is_due());
  recorder_.finish();
  EXPECT_FALSE(recorder_.is_due());
}

}  // namespace
}  // namespace plumb
