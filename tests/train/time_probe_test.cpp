// SPDX-License-Identifier: Apache-2.0
// Real recurrent layers told to a probe, and the books of what they tell.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "plumb/core/parallel.h"
#include "plumb/flow/time_flow.h"
#include "plumb/nn/graph/network.h"
#include "plumb/nn/spec/spec.h"
#include "plumb/train/graph_info.h"
#include "plumb/train/probe.h"

namespace plumb {
namespace {

constexpr std::int64_t kBatch = 4;
constexpr std::int64_t kFeatures = 3;

struct Measured {
  RunInfo info;
  StepRecord step;
  std::vector<std::string> bits;  ///< of all parameter gradients
};

/// One forward and backward pass with a gradient of ones at the output, measured or not.
Measured run(const std::string& text, std::int64_t time_steps, DType dtype, bool measured = true) {
  NetworkOptions options;
  options.dtype = dtype;
  options.seed = 5;
  Network network(parse_spec(text), Shape{time_steps, kFeatures}, options);
  network.plan(kBatch);
  ThreadPool pool(1);
  Probe probe(network);
  Measured result;
  describe_graph(network, result.info);
  if (measured) probe.begin(result.step);
  const auto fill = [](View view, bool ones) {
    dispatch(view.dtype, [&](auto zero) {
      using T = decltype(zero);
      std::size_t i = 0;
      for (T& value : view.as<T>()) {
        const double angle = 0.7 * static_cast<double>(++i);
        value = ones ? T{1} : static_cast<T>(std::sin(angle));
      }
    });
  };
  fill(network.input(), false);
  const Context context{Mode::train, 0, pool, measured ? &probe : nullptr};
  PassObserver* const observer = measured ? &probe : nullptr;
  network.zero_grad();
  network.forward(context, observer);
  fill(network.output_gradient(), true);
  network.backward(context, observer);
  for (const Param* param : network.params()) {
    const ConstView grad = param->grad.view();
    result.bits.emplace_back(static_cast<const char*>(grad.data),
                             static_cast<std::size_t>(grad.shape.size() * size_bytes(dtype)));
  }
  if (measured) probe.finish();
  return result;
}

// Observing must not change what it sees, nor the order of any sum.
TEST(TimeProbeTest, AMeasuredPassHasTheBitsOfAnUnmeasuredOne) {
  for (const char* text : {"rnn 8 > last > dense 2", "lstm 8 > last > dense 2",
                           "gru 8 bidirectional=true > last > dense 2"}) {
    EXPECT_EQ(run(text, 20, DType::f32).bits, run(text, 20, DType::f32, false).bits) << text;
  }
}

TEST(TimeProbeTest, ALayerTellsEveryTimeStepOfEverythingItHas) {
  const StepRecord step =
      run("lstm 8 > gru 5 bidirectional=true > last > dense 2", 20, DType::f32).step;
  ASSERT_EQ(step.times.size(), 3U);
  const TimeRecord* lstm = step.time(1);
  ASSERT_NE(lstm, nullptr);
  EXPECT_EQ(lstm->time_steps, 20);
  EXPECT_EQ(lstm->units, 8);
  EXPECT_NE(step.time(2, true), nullptr);
  for (const TimeRecord& record : step.times) {
    for (const TimeSeries& series : record.series) {
      const bool part = series.quantity >= TimeQuantity::grad_h_by_carry;
      for (std::int64_t t = 0; t < 20; ++t) {
        // Nothing is told of what would arrive before the first step.
        if (part && t == (record.reverse ? 19 : 0)) continue;
        EXPECT_FALSE(std::isnan(series.values[static_cast<std::size_t>(t)]))
            << record.layer << " " << to_string(series.quantity) << " at " << t;
      }
    }
    EXPECT_NE(record.find(TimeQuantity::grad_h), nullptr);
    EXPECT_NE(record.find(TimeQuantity::grad_h_by_recurrence), nullptr);
  }
  EXPECT_EQ(lstm->series.size(), 4U + 1 + 5 + 4 * 3);
}

// s times an orthogonal matrix without non-linearity: 0.9^100 = 2.656e-5 of the gradient remains.
TEST(TimeProbeTest, AScaledOrthogonalRecurrenceKeepsThePowerOfItsScale) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const double gain : {0.9, 1.0, 1.1}) {
      const std::string text =
          "rnn 8 act=identity bias=false recurrent=orthogonal gain=" + std::to_string(gain) +
          " > last > dense 2";
      const auto [info, step, bits] = run(text, 101, dtype);
      const TimeFlow flow = time_flow(info, step, step.times.at(0));
      EXPECT_NEAR(flow.log2_kept, 100 * std::log2(gain), 2e-3);
      EXPECT_NEAR(flow.log2_total, flow.log2_kept, 0.1);
      EXPECT_NEAR(flow.part(TimeCause::recurrent_weight_scale), 100 * std::log2(gain), 1e-3);
      EXPECT_NEAR(flow.part(TimeCause::activation_derivative), 0, 0.1);
      if (gain != 1.0) {
        EXPECT_NEAR(flow.scale.steps_per_efold, -1 / std::log(gain), 0.02);
      }
    }
  }
}

// Far beyond the range of float, and a product all the same: 2^-0.79 a step for PyTorch's start.
TEST(TimeProbeTest, AThousandStepsOfAPlainRecurrenceAreStillMeasured) {
  const auto [info, step, bits] = run("rnn 32 > last > dense 2", 1000, DType::f32);
  const TimeFlow flow = time_flow(info, step, step.times.at(0));
  EXPECT_EQ(flow.ends_at, -1);
  EXPECT_LT(flow.log2_kept, -600);
  EXPECT_GT(flow.log2_kept, -1200);
  EXPECT_GT(flow.scale.r_squared, 0.999);
}

// A loss at the last step alone adds nothing on the way: all of the total is kept, and the squares
// of carry and gates are the whole of an lstm's state.
TEST(TimeProbeTest, WithoutALossOnTheWayAllOfTheTotalIsKept) {
  for (const char* text : {"rnn 16 > last > dense 2", "lstm 16 > last > dense 2",
                           "lstm 16 forget_bias=3 > last > dense 2", "gru 16 > last > dense 2"}) {
    const auto [info, step, bits] = run(text, 60, DType::f64);
    const TimeRecord& record = step.times.at(0);
    const TimeLedger ledger = make_time_ledger(info, step, record);
    ASSERT_EQ(ledger.steps.size(), 59U) << text;
    for (const TimeLedgerStep& line : ledger.steps) {
      EXPECT_NEAR(line.part(TimeCause::from_above), 0, 3.0 / 1024) << text << " at " << line.t;
    }
    EXPECT_NEAR(ledger.kept, ledger.total, 59 * 3.0 / 1024) << text;
  }
}

// What a cell carries keeps f a step, and the ways through the gates add a little to that.
TEST(TimeProbeTest, AForgetGateOfAnLstmSetsTheScale) {
  for (const int bias : {0, 1, 3, 6}) {
    const std::string text = "lstm 16 forget_bias=" + std::to_string(bias) + " > last > dense 2";
    const auto [info, step, bits] = run(text, 120, DType::f64);
    const TimeFlow flow = time_flow(info, step, step.times.at(0));
    const double log2_forget = -std::log2(1 + std::exp(-static_cast<double>(bias)));
    EXPECT_NEAR(flow.gate(TimeQuantity::forget_gate)->mean, std::exp2(log2_forget), 0.05);
    EXPECT_GT(flow.scale.log2_per_step, log2_forget - 0.01);
    EXPECT_LT(flow.scale.log2_per_step, log2_forget + 0.5);
    EXPECT_NEAR(flow.part(TimeCause::gate_carry) / 119, log2_forget, 0.3);
  }
}

TEST(TimeProbeTest, ALossAtEveryStepIsFromAbove) {
  const auto [info, step, bits] = run("rnn 16 > dense 2", 40, DType::f64);
  const TimeFlow flow = time_flow(info, step, step.times.at(0));
  EXPECT_LT(flow.log2_kept, -20);
  EXPECT_NEAR(flow.log2_total, 0, 3);
}

}  // namespace
}  // namespace plumb
