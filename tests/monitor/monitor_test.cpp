// SPDX-License-Identifier: Apache-2.0
#include "plumb/monitor/monitor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "plumb/core/error.h"
#include "plumb/core/rng.h"
#include "plumb/observe/check_run.h"
#include "plumb/observe/run_builder.h"
#include "tests/support/message_of.h"

namespace plumb {
namespace {

/// Somebody's own network in plain loops: a stack of square linear layers with logistic functions
/// between them, squared error, gradient descent. It knows plumb by the Monitor alone.
class OwnLoop {
 public:
  static constexpr int kWidth = 16, kBatch = 8;

  OwnLoop(int depth, double gain) : depth_(depth) {
    const Rng rng(4, "own loop");
    std::uint64_t draw = 0;
    LayerId below = builder_.add_input("x", kWidth);
    for (int l = 0; l < depth; ++l) {
      const std::string path = "fc" + std::to_string(l);
      layers_.push_back(builder_.add_layer(path, "Linear", LayerFamily::linear, {{below}}));
      weights_.push_back(builder_.add_weight(layers_.back(), path + ".weight",
                                             {.outputs = kWidth, .inputs = kWidth}));
      below = layers_.back();
      if (l + 1 < depth) {
        below = builder_.add_layer("act" + std::to_string(l), "Sigmoid", LayerFamily::activation,
                                   {{below}});
        ActivationTraits& traits = builder_.layer(below).traits.emplace();
        traits.max_derivative = 0.25;
        traits.saturates = true;
        traits.usual_log2_derivative = 0;
        activations_.push_back(below);
      }
      auto& w = w_.emplace_back(kWidth * kWidth);
      for (float& value : w)
        value = static_cast<float>(gain / std::sqrt(kWidth) * rng.normal(draw++));
    }
    for (float& value : x_) value = static_cast<float>(rng.normal(draw++));
  }

  const RunInfo& info() const { return builder_.info(); }

  /// One step; the recorder is null where it is not due. Returns the loss.
  double step(Recorder* recorder) {
    std::vector<std::vector<float>> a{x_}, z, slopes;
    for (int l = 0; l < depth_; ++l) {
      z.push_back(forward(w_[index(l)], a.back()));
      std::vector<float> next = z.back(), slope(next.size(), 1);
      for (std::size_t i = 0; i < next.size() && l + 1 < depth_; ++i) {
        next[i] = 1 / (1 + std::exp(-next[i]));
        slope[i] = next[i] * (1 - next[i]);
      }
      a.push_back(next);
      slopes.push_back(slope);
    }
    if (recorder != nullptr) {
      recorder->output(0, view(x_));
      for (int l = 0; l < depth_; ++l) {
        recorder->output(layers_[index(l)], view(z[index(l)]));
        if (l + 1 == depth_) continue;
        recorder->output(activations_[index(l)], view(a[index(l) + 1]));
        recorder->derivative(activations_[index(l)], view(slopes[index(l)]));
      }
    }
    double loss = 0;
    std::vector<float> grad = a.back();
    for (float& g : grad) {
      loss += 0.5 * static_cast<double>((g - 1) * (g - 1)) / kBatch;
      g = (g - 1) / kBatch;
    }
    for (int l = depth_; l-- > 0;) {
      if (recorder != nullptr && l + 1 < depth_) {
        recorder->gradient(activations_[index(l)], view(grad));
      }
      for (std::size_t i = 0; i < grad.size(); ++i) grad[i] *= slopes[index(l)][i];
      if (recorder != nullptr) recorder->gradient(layers_[index(l)], view(grad));
      grad = backward(recorder, l, a[index(l)], grad);
    }
    return loss;
  }

 private:
  static std::size_t index(int l) { return static_cast<std::size_t>(l); }
  static StridedView view(const std::vector<float>& values) {
    const std::int64_t sizes[] = {static_cast<std::int64_t>(values.size()) / kWidth, kWidth};
    const std::int64_t strides[] = {kWidth, 1};
    return {values.data(), ElementType::f32, sizes, strides};
  }

  static std::vector<float> forward(const std::vector<float>& w, const std::vector<float>& x) {
    std::vector<float> y(x.size());
    for (std::size_t b = 0; b < kBatch; ++b) {
      for (std::size_t o = 0; o < kWidth; ++o) {
        for (std::size_t i = 0; i < kWidth; ++i)
          y[b * kWidth + o] += w[o * kWidth + i] * x[b * kWidth + i];
      }
    }
    return y;
  }

  std::vector<float> backward(Recorder* recorder, int l, const std::vector<float>& x,
                              const std::vector<float>& grad) {
    std::vector<float>& w = w_[index(l)];
    std::vector<float> grad_x(x.size()), grad_w(w.size()), update(w.size());
    for (std::size_t b = 0; b < kBatch; ++b) {
      for (std::size_t o = 0; o < kWidth; ++o) {
        for (std::size_t i = 0; i < kWidth; ++i) {
          grad_x[b * kWidth + i] += grad[b * kWidth + o] * w[o * kWidth + i];
          grad_w[o * kWidth + i] += grad[b * kWidth + o] * x[b * kWidth + i];
        }
      }
    }
    for (std::size_t i = 0; i < w.size(); ++i) update[i] = -0.1F * grad_w[i];
    if (recorder != nullptr) {
      const ParamId id = weights_[index(l)];
      recorder->parameter(id, Role::weight, view(w));
      recorder->parameter(id, Role::grad_weight, view(grad_w));
      recorder->parameter(id, Role::update, view(update));
    }
    for (std::size_t i = 0; i < w.size(); ++i) w[i] += update[i];
    return grad_x;
  }

  int depth_;
  RunBuilder builder_;
  std::vector<LayerId> layers_, activations_;
  std::vector<ParamId> weights_;
  std::vector<std::vector<float>> w_;
  std::vector<float> x_ = std::vector<float>(kBatch * kWidth);
};

void train(OwnLoop& loop, Monitor& monitor, std::int64_t steps) {
  for (std::int64_t i = 0; i < steps; ++i) {
    Monitor::Step step = monitor.step(i);
    step.loss(loop.step(step.recorder()));
  }
}

bool finds(const Monitor& monitor, const std::string& rule) {
  const auto& findings = monitor.findings();
  return std::any_of(findings.begin(), findings.end(),
                     [&](const Finding& one) { return one.rule == rule; });
}

TEST(MonitorTest, WatchesALoopOfOnesOwn) {
  OwnLoop loop(20, 1);
  Monitor monitor(loop.info(), {.record = "every=5"});
  EXPECT_FALSE(monitor.reach().has_value());
  EXPECT_TRUE(monitor.findings().empty());
  train(loop, monitor, 1);
  // A logistic function passes a quarter at most, and weights of gain 1 pass the rest as it is.
  ASSERT_TRUE(monitor.reach().has_value());
  EXPECT_LT(monitor.reach()->log2, -2 * 19 + 4);
  EXPECT_EQ(monitor.reach()->linear_layers, 19);
  EXPECT_TRUE(finds(monitor, "vanishing_gradient"));
  EXPECT_EQ(check_run(monitor.run()), std::vector<std::string>{});
}

TEST(MonitorTest, AGradientThatReachesTheInputIsSaidTo) {
  OwnLoop loop(3, 4);
  Monitor monitor(loop.info());
  train(loop, monitor, 10);
  ASSERT_TRUE(monitor.reach().has_value());
  EXPECT_GT(monitor.reach()->log2, -3);
  EXPECT_FALSE(finds(monitor, "vanishing_gradient"));
}

TEST(MonitorTest, KeepsEveryLossAndTheTensorsOfDueSteps) {
  OwnLoop loop(3, 1);
  RunInfo info = loop.info();
  info.planned_steps = 8;
  Monitor monitor(info, {.record = "every=5"});
  train(loop, monitor, 8);
  const plumb::Run& run = monitor.run();
  ASSERT_EQ(run.steps.size(), 8U);
  for (const StepRecord& step : run.steps) {
    const bool due = step.step != 3 && step.step != 6;  // the last one too
    EXPECT_EQ(step.measured, due);
    EXPECT_EQ(step.sketches.empty(), !due);
    EXPECT_GT(step.loss, 0);
    EXPECT_EQ(std::isnan(step.grad_norm), !due);
  }
  EXPECT_TRUE(run.is_diagnosed());
}

TEST(MonitorTest, AStepThatIsNotDueIsInert) {
  OwnLoop loop(3, 1);
  Monitor monitor(loop.info(), {.record = "off"});
  for (std::int64_t i = 0; i < 3; ++i) {
    Monitor::Step step = monitor.step(i);
    EXPECT_FALSE(step);
    EXPECT_EQ(step.recorder(), nullptr);
  }
  EXPECT_TRUE(monitor.run().steps.empty());  // nothing was told
}

/// Counts what it gets; may refuse a step.
class CountingSink : public RecordSink {
 public:
  void begin(const RunInfo& info) override { layers = info.layers.size(); }
  void grow(const RunInfo& info) override { layers = info.layers.size(); }
  void add(const StepRecord& step) override {
    if (step.step == refuse) throw StoreError("disk is full");
    steps.push_back(step.step);
  }
  void end(const RunEnd& end) override { reason = end.reason; }

  std::size_t layers = 0;
  std::vector<std::int64_t> steps;
  std::string reason;
  std::int64_t refuse = -1;
};

TEST(MonitorTest, ASinkGetsEveryRecordAndTheEnd) {
  OwnLoop loop(3, 1);
  CountingSink sink;
  Monitor monitor(loop.info(), {.record = "every=2", .sink = &sink, .keep_steps = false});
  EXPECT_EQ(sink.layers, loop.info().layers.size());
  train(loop, monitor, 4);
  monitor.end("interrupted");
  EXPECT_EQ(sink.steps, (std::vector<std::int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(sink.reason, "interrupted");
  EXPECT_TRUE(monitor.run().steps.empty());
  EXPECT_EQ(monitor.run().end->steps, 4);
}

TEST(MonitorTest, WhatASinkThrowsComesOutOfTheNextCall) {
  OwnLoop loop(3, 1);
  CountingSink sink;
  sink.refuse = 1;
  Monitor monitor(loop.info(), {.sink = &sink});
  train(loop, monitor, 2);
  EXPECT_EQ(testing::message_of<StoreError>([&] { monitor.step(2); }), "disk is full");
  {
    Monitor::Step step = monitor.step(3);
    step.loss(1);
    sink.refuse = 3;
    loop.step(step.recorder());
    EXPECT_THROW(step.end(), StoreError);
  }
  EXPECT_NO_THROW(monitor.step(4));
}

TEST(MonitorTest, AStepThatAnExceptionLeavesIsDropped) {
  OwnLoop loop(3, 1);
  Monitor monitor(loop.info(), {.record = "every=1"});
  try {
    Monitor::Step step = monitor.step(0);
    step.recorder()->output(1, StridedView(ConstView{nullptr, DType::f32, Shape{0}}));
    throw std::runtime_error("out of data");
  } catch (const std::runtime_error&) {
  }
  train(loop, monitor, 0);
  Monitor::Step step = monitor.step(1);
  step.loss(loop.step(step.recorder()));
  step.end();
  ASSERT_EQ(monitor.run().steps.size(), 1U);
  EXPECT_EQ(monitor.run().steps[0].step, 1);
}

TEST(MonitorTest, TakesAGraphThatGrows) {
  OwnLoop loop(3, 1);
  CountingSink sink;
  Monitor monitor(loop.info(), {.sink = &sink});
  train(loop, monitor, 1);
  RunBuilder larger;
  larger.info() = loop.info();
  larger.set_step(1);
  const LayerId late = larger.add_layer("late", "Linear", LayerFamily::linear,
                                        {{static_cast<LayerId>(loop.info().layers.size() - 1)}});
  monitor.grow(larger.info());
  EXPECT_EQ(sink.layers, static_cast<std::size_t>(late) + 1);
  Monitor::Step step = monitor.step(1);
  loop.step(step.recorder());
  EXPECT_NO_THROW(
      step.recorder()->output(late, StridedView(ConstView{nullptr, DType::f32, Shape{0}})));
  step.end();
  EXPECT_THROW(monitor.grow(loop.info()), UsageError);
}

TEST(MonitorTest, NamesTheCallThatIsMissing) {
  OwnLoop loop(3, 1);
  Monitor monitor(loop.info());
  {
    Monitor::Step step = monitor.step(5);
    EXPECT_EQ(testing::message_of<UsageError>([&] { monitor.step(6); }),
              "Monitor::step 6 within another one: let the Step end first");
    step.end();
    EXPECT_THROW(step.end(), UsageError);
    EXPECT_THROW(step.loss(1), UsageError);
  }
  EXPECT_EQ(testing::message_of<UsageError>([&] { monitor.step(5); }),
            "Monitor::step 5 after 5: expected ascending steps");
  RunInfo circle;
  circle.layers.resize(2);
  circle.layers[0].inputs = {{1}};
  circle.layers[1].inputs = {{0}};
  EXPECT_THROW(Monitor{circle}, UsageError);
  EXPECT_THROW(Monitor(loop.info(), {.record = "sometimes"}), SpecError);
}

}  // namespace
}  // namespace plumb
