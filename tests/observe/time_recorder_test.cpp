// SPDX-License-Identifier: Apache-2.0
#include "plumb/observe/time_recorder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "plumb/core/error.h"
#include "tests/observe/stored.h"
#include "tests/support/allocation_count.h"

namespace plumb {
namespace {

constexpr std::int64_t kUnits = 4;

/// Two recurrent layers; `activation`: of a plain recurrence, empty for others.
RunInfo two_layers(const std::string& activation = "") {
  RunInfo info;
  info.layers = {testing::layer_info("0", LayerFamily::recurrent),
                 testing::layer_info("1", LayerFamily::recurrent)};
  for (LayerInfo& layer : info.layers) layer.cell.emplace().state_activation = activation;
  return info;
}
constexpr LayerId kLow = 0, kHigh = 1;

/// Tells [2, kUnits] values that are all the same.
void tell(TimeRecorder& recorder, LayerId layer, std::int64_t t, TimeQuantity quantity,
          double value, double log2_scale = 0, bool reverse = false) {
  const std::vector<float> values(2 * kUnits, static_cast<float>(value));
  recorder.tell(layer, t, reverse, quantity, ConstView{values.data(), DType::f32, Shape{2, kUnits}},
                log2_scale);
}

std::vector<TimeRecord> finished(TimeRecorder& recorder, const RunInfo& info = two_layers()) {
  std::vector<TimeRecord> records;
  recorder.finish(info, records);
  return records;
}

TEST(TimeRecorderTest, ALayerGetsWhatItToldInBothPasses) {
  TimeRecorder recorder;
  recorder.begin();
  for (int t = 0; t < 3; ++t) tell(recorder, kNoLayer, t, TimeQuantity::h, std::exp2(-t));
  recorder.on_output(kLow);
  for (int t = 0; t < 3; ++t) tell(recorder, kNoLayer, t, TimeQuantity::h, std::exp2(10 + t));
  recorder.on_output(kHigh);
  for (int t = 2; t >= 0; --t) tell(recorder, kHigh, t, TimeQuantity::grad_h, 1, -2000 - t);
  for (int t = 2; t >= 0; --t) tell(recorder, kLow, t, TimeQuantity::grad_h, 1, 100 * t);
  const std::vector<TimeRecord> records = finished(recorder);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].layer, kLow);
  EXPECT_EQ(records[1].layer, kHigh);
  EXPECT_EQ(records[0].time_steps, 3);
  EXPECT_EQ(records[0].units, kUnits);
  EXPECT_EQ(*records[0].find(TimeQuantity::h), (std::vector<float>{0, -1, -2}));
  EXPECT_EQ(*records[1].find(TimeQuantity::h), (std::vector<float>{10, 11, 12}));
  EXPECT_EQ(*records[0].find(TimeQuantity::grad_h), (std::vector<float>{0, 100, 200}));
  EXPECT_EQ(*records[1].find(TimeQuantity::grad_h), (std::vector<float>{-2000, -2001, -2002}));
  // h of an lstm is not the output of a tanh alone, and what was not told is not there.
  EXPECT_EQ(records[0].find(TimeQuantity::h, TimeStatistic::mean), nullptr);
  EXPECT_EQ(records[0].find(TimeQuantity::c), nullptr);
}

TEST(TimeRecorderTest, DirectionsAreRecordsOfTheirOwn) {
  TimeRecorder recorder;
  recorder.begin();
  for (int t = 0; t < 2; ++t) tell(recorder, kNoLayer, t, TimeQuantity::h, 1);
  for (int t = 1; t >= 0; --t) tell(recorder, kNoLayer, t, TimeQuantity::h, 4, 0, true);
  recorder.on_output(kHigh);
  const std::vector<TimeRecord> records = finished(recorder);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_FALSE(records[0].reverse);
  EXPECT_TRUE(records[1].reverse);
  EXPECT_EQ(*records[1].find(TimeQuantity::h), (std::vector<float>{2, 2}));
}

TEST(TimeRecorderTest, PassesAreAveraged) {
  TimeRecorder recorder;
  recorder.begin();
  const std::vector<float> open(4, 0.75F), shut(4, 0.25F);
  for (const auto& [size, gate] : {std::pair(1.0, &open), std::pair(std::sqrt(7.0), &shut)}) {
    tell(recorder, kNoLayer, 0, TimeQuantity::h, size);
    recorder.tell(kNoLayer, 0, false, TimeQuantity::forget_gate,
                  ConstView{gate->data(), DType::f32, Shape{1, 4}}, 0);
    recorder.on_output(kLow);
  }
  const std::vector<TimeRecord> records = finished(recorder);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(*records[0].find(TimeQuantity::h), (std::vector<float>{1}));  // rms 2
  EXPECT_EQ(*records[0].find(TimeQuantity::forget_gate, TimeStatistic::mean),
            (std::vector<float>{0.5F}));
}

TEST(TimeRecorderTest, TensorsOfOthersAreToldAlike) {
  const std::vector<float> gate{0.001F, 0.5F, 0.25F, 0.75F, 0.5F, 0.5F};
  const std::int64_t sizes[] = {2, 2}, strides[] = {3, 1};
  TimeRecorder recorder;
  recorder.begin();
  for (const TimeQuantity quantity : {TimeQuantity::c, TimeQuantity::forget_gate}) {
    recorder.tell(kLow, 0, false, quantity,
                  ObservedView(StridedView(gate.data(), ElementType::f32, sizes, strides)));
  }
  const std::vector<TimeRecord> records = finished(recorder);
  EXPECT_EQ(records[0].units, 2);
  EXPECT_EQ(records[0].find(TimeQuantity::forget_gate, TimeStatistic::low_fraction)->front(), 0.25);
  EXPECT_NEAR(records[0].find(TimeQuantity::c)->front(),
              0.5 * std::log2((0.25 + 0.5625 + 0.25) / 4), 1e-3);
}

TEST(TimeRecorderTest, GatesAreJudgedByTheFlatEndsOfTheirRange) {
  TimeRecorder recorder;
  recorder.begin();
  const std::vector<float> gate{0.001F, 0.0126F, 0.0127F, 0.5F, 0.9873F, 0.98735F, 1, 0.25F};
  recorder.tell(kLow, 0, false, TimeQuantity::forget_gate,
                ConstView{gate.data(), DType::f32, Shape{2, 4}}, 0);
  const std::vector<float> cell{-1, -0.975F, -0.974F, 0, 0.974F, 0.975F, 0.5F, 0.999F};
  recorder.tell(kLow, 0, false, TimeQuantity::cell_gate,
                ConstView{cell.data(), DType::f32, Shape{2, 4}}, 0);
  const std::vector<TimeRecord> records = finished(recorder);
  const auto at = [&](TimeQuantity quantity, TimeStatistic statistic) {
    return (*records[0].find(quantity, statistic))[0];
  };
  EXPECT_EQ(at(TimeQuantity::forget_gate, TimeStatistic::low_fraction), 0.25);
  EXPECT_EQ(at(TimeQuantity::forget_gate, TimeStatistic::high_fraction), 0.25);
  EXPECT_NEAR(at(TimeQuantity::forget_gate, TimeStatistic::mean), 0.4688, 1e-4);
  EXPECT_EQ(at(TimeQuantity::cell_gate, TimeStatistic::low_fraction), 0.25);
  EXPECT_EQ(at(TimeQuantity::cell_gate, TimeStatistic::high_fraction), 0.25);
  EXPECT_EQ(records[0].find(TimeQuantity::forget_gate), nullptr);
}

TEST(TimeRecorderTest, TheStateOfAPlainTanhRecurrenceIsJudgedAsOne) {
  for (const auto& [activation, judged] : {std::pair("tanh", true), std::pair("relu", false),
                                           std::pair("identity", false), std::pair("", false)}) {
    TimeRecorder recorder;
    recorder.begin();
    tell(recorder, kLow, 0, TimeQuantity::h, 0.99);
    const std::vector<TimeRecord> records = finished(recorder, two_layers(activation));
    const auto* high = records[0].find(TimeQuantity::h, TimeStatistic::high_fraction);
    ASSERT_EQ(high != nullptr, judged);
    if (judged) {
      EXPECT_EQ(high->front(), 1);
    }
  }
}

TEST(TimeRecorderTest, ZeroAndNaNAreKeptApart) {
  TimeRecorder recorder;
  recorder.begin();
  tell(recorder, kLow, 2, TimeQuantity::grad_h, 0, -50);
  tell(recorder, kLow, 1, TimeQuantity::grad_h, std::numeric_limits<double>::quiet_NaN());
  const std::vector<TimeRecord> records = finished(recorder);
  const std::vector<float>& values = *records[0].find(TimeQuantity::grad_h);
  EXPECT_TRUE(std::isnan(values[0]));  // not told
  EXPECT_TRUE(std::isnan(values[1]));
  EXPECT_EQ(values[2], -std::numeric_limits<float>::infinity());
}

TEST(TimeRecorderTest, StepsOfNoLayerNeedAnOutput) {
  TimeRecorder recorder;
  recorder.begin();
  tell(recorder, kNoLayer, 0, TimeQuantity::h, 1);
  EXPECT_THROW(finished(recorder), UsageError);
}

TEST(TimeRecorderTest, ALaterStepStartsAnewAndAllocatesNothing) {
  TimeRecorder recorder;
  const RunInfo info = two_layers();
  std::vector<TimeRecord> records;
  const std::vector<float> values(2 * kUnits, 0.5F);
  const auto measure = [&](int time_steps) {
    recorder.begin();
    for (int t = 0; t < time_steps; ++t) {
      recorder.tell(kNoLayer, t, false, TimeQuantity::h,
                    ConstView{values.data(), DType::f32, Shape{2, kUnits}}, 0);
    }
    recorder.on_output(kLow);
    recorder.finish(info, records);
  };
  measure(200);
  const std::int64_t before = testing::allocation_count();
  measure(200);
  EXPECT_EQ(testing::allocation_count(), before);
  measure(3);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(*records[0].find(TimeQuantity::h), (std::vector<float>{-1, -1, -1}));
}

}  // namespace
}  // namespace plumb
