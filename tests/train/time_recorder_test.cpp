// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/time_recorder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/support/allocation_count.h"

namespace plumb {
namespace {

constexpr std::int64_t kUnits = 4;

/// A layer of a kind that a test names; it is only looked at.
class NamedLayer : public Layer {
 public:
  explicit NamedLayer(std::string_view kind) : kind_(kind) {}
  std::string_view kind() const override { return kind_; }
  LayerFamily family() const override { return LayerFamily::recurrent; }
  Shape output_shape(const Shape& x) const override { return x; }
  void forward(ConstView, View, const Context&) override {}
  void backward(ConstView, ConstView, ConstView, View, const Context&) override {}

 private:
  std::string_view kind_;
};

Node node_of(const std::string& path, std::string_view kind, const std::string& text) {
  Node node;
  node.path = path;
  node.text = text;
  node.layer = std::make_unique<NamedLayer>(kind);
  return node;
}

/// Tells [2, kUnits] values that are all the same.
void tell(TimeRecorder& recorder, std::int64_t t, TimeQuantity quantity, double value,
          int log2_scale = 0, bool reverse = false) {
  const std::vector<float> values(2 * kUnits, static_cast<float>(value));
  recorder.tell(t, reverse, quantity, {values.data(), DType::f32, Shape{2, kUnits}}, log2_scale);
}

TEST(TimeRecorderTest, ALayerGetsWhatItToldInBothPasses) {
  const Node low = node_of("0", "lstm", "lstm 4");
  const Node high = node_of("1", "lstm", "lstm 4");
  TimeRecorder recorder;
  recorder.begin();
  for (int t = 0; t < 3; ++t) tell(recorder, t, TimeQuantity::h, std::exp2(-t));
  recorder.on_output(low);
  for (int t = 0; t < 3; ++t) tell(recorder, t, TimeQuantity::h, std::exp2(10 + t));
  recorder.on_output(high);
  recorder.on_gradient(high);
  for (int t = 2; t >= 0; --t) tell(recorder, t, TimeQuantity::grad_h, 1, -2000 - t);
  recorder.on_gradient(low);
  for (int t = 2; t >= 0; --t) tell(recorder, t, TimeQuantity::grad_h, 1, 100 * t);
  std::vector<TimeRecord> records;
  recorder.finish(records);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].path, "0");
  EXPECT_EQ(records[1].path, "1");
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
  const Node node = node_of("2", "gru", "gru 4 bi");
  TimeRecorder recorder;
  recorder.begin();
  for (int t = 0; t < 2; ++t) tell(recorder, t, TimeQuantity::h, 1);
  for (int t = 1; t >= 0; --t) tell(recorder, t, TimeQuantity::h, 4, 0, true);
  recorder.on_output(node);
  std::vector<TimeRecord> records;
  recorder.finish(records);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_FALSE(records[0].reverse);
  EXPECT_TRUE(records[1].reverse);
  EXPECT_EQ(*records[1].find(TimeQuantity::h), (std::vector<float>{2, 2}));
}

TEST(TimeRecorderTest, GatesAreJudgedByTheFlatEndsOfTheirRange) {
  const Node node = node_of("0", "lstm", "lstm 4");
  TimeRecorder recorder;
  recorder.begin();
  const std::vector<float> gate{0.001F, 0.0126F, 0.0127F, 0.5F, 0.9873F, 0.98735F, 1, 0.25F};
  recorder.tell(0, false, TimeQuantity::forget_gate, {gate.data(), DType::f32, Shape{2, 4}}, 0);
  const std::vector<float> cell{-1, -0.975F, -0.974F, 0, 0.974F, 0.975F, 0.5F, 0.999F};
  recorder.tell(0, false, TimeQuantity::cell_gate, {cell.data(), DType::f32, Shape{2, 4}}, 0);
  recorder.on_output(node);
  std::vector<TimeRecord> records;
  recorder.finish(records);
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
  for (const auto& [text, judged] :
       {std::pair("rnn 4", true), std::pair("rnn 4 recurrent=identity", true),
        std::pair("rnn 4 act=relu", false), std::pair("rnn 4 irnn", false)}) {
    const Node node = node_of("0", "rnn", text);
    TimeRecorder recorder;
    recorder.begin();
    tell(recorder, 0, TimeQuantity::h, 0.99);
    recorder.on_output(node);
    std::vector<TimeRecord> records;
    recorder.finish(records);
    const auto* high = records[0].find(TimeQuantity::h, TimeStatistic::high_fraction);
    ASSERT_EQ(high != nullptr, judged);
    if (judged) {
      EXPECT_EQ(high->front(), 1);
    }
  }
}

TEST(TimeRecorderTest, ZeroAndNaNAreKeptApart) {
  const Node node = node_of("0", "rnn", "rnn 4");
  TimeRecorder recorder;
  recorder.begin();
  recorder.on_gradient(node);
  tell(recorder, 2, TimeQuantity::grad_h, 0, -50);
  tell(recorder, 1, TimeQuantity::grad_h, std::numeric_limits<double>::quiet_NaN());
  std::vector<TimeRecord> records;
  recorder.finish(records);
  const std::vector<float>& values = *records[0].find(TimeQuantity::grad_h);
  EXPECT_TRUE(std::isnan(values[0]));  // not told
  EXPECT_TRUE(std::isnan(values[1]));
  EXPECT_EQ(values[2], -std::numeric_limits<float>::infinity());
}

TEST(TimeRecorderTest, ALaterStepStartsAnewAndAllocatesNothing) {
  const Node node = node_of("0", "rnn", "rnn 4");
  TimeRecorder recorder;
  std::vector<TimeRecord> records;
  const std::vector<float> values(2 * kUnits, 0.5F);
  const auto measure = [&](int time_steps) {
    recorder.begin();
    for (int t = 0; t < time_steps; ++t) {
      recorder.tell(t, false, TimeQuantity::h, {values.data(), DType::f32, Shape{2, kUnits}}, 0);
    }
    recorder.on_output(node);
    recorder.finish(records);
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
