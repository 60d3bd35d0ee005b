// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/network_monitor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "plumb/core/rng.h"
#include "plumb/nn/spec/spec.h"
#include "plumb/observe/check_run.h"
#include "plumb/optim/optimiser.h"

namespace plumb {
namespace {

/// A loop of one's own around a Network.
class Loop {
 public:
  explicit Loop(const std::string& text, Shape x = Shape{6})
      : network(parse_spec(text), x, {.seed = 2}), optimiser_(make_optimiser({.name = "sgd"})) {
    network.plan(8);
  }

  void step(NetworkMonitor& monitor, std::int64_t index, bool with_optimiser = true) {
    auto step = monitor.step(index);
    const Rng rng(3, "x");
    std::uint64_t draw = 0;
    for (float& value : network.input().as<float>()) value = static_cast<float>(rng.normal(draw++));
    const Context context{Mode::train, 0, pool_, step.time()};
    network.zero_grad();
    network.forward(context, step.pass());
    for (float& value : network.output_gradient().as<float>()) value = 0.1F;
    network.backward(context, step.pass());
    if (with_optimiser) {
      optimiser_->step(network.params(), 0.01, 1, 0, pool_, step.update());
    } else {
      step.parameters();
    }
    step.loss(1);
  }

  Network network;

 private:
  ThreadPool pool_{1};
  std::unique_ptr<Optimiser> optimiser_;
};

TEST(NetworkMonitorTest, EveryKindOfNetworkIsRecordedWhole) {
  const std::pair<const char*, Shape> networks[] = {
      {"dense 8 > tanh > dense 2", Shape{6}},
      {"dense 8 > bn > prelu > dropout 0.1 > dense 2", Shape{6}},
      {"dense 6 > res[dense 6 > relu > dense 6] > res rezero[dense 6] > dense 2", Shape{6}},
      {"res proj[dense 5 > relu] > highway[dense 5 > tanh] > dense 2", Shape{6}},
      {"res[res[dense 6 > tanh] > dense 6] > res[res[res[dense 6]]] > dense 2", Shape{6}},
      {"conv 8 3x3 > relu > maxpool 2 > res[conv 8 3x3] > gap > dense 2", Shape{2, 8, 8}},
      {"lstm 4 > gru 5 bidirectional=true > rnn 3 > last > dense 2", Shape{7, 3}}};
  for (const auto& [text, x] : networks) {
    SCOPED_TRACE(text);
    Loop loop(text, x);
    NetworkMonitor monitor(loop.network, {.record = "every=1"});
    for (std::int64_t i = 0; i < 2; ++i) loop.step(monitor, i);
    EXPECT_EQ(check_run(monitor.run()), std::vector<std::string>{});
    for (const StepRecord& step : monitor.run().steps) {
      EXPECT_EQ(step.passes, 1);
      for (const JoinRecord& join : step.joins) {
        double shares = 0;
        for (const JoinWay& way : join.ways) shares += way.share;
        EXPECT_NEAR(shares, 1, 1e-9);
      }
    }
  }
}

TEST(NetworkMonitorTest, BlocksThatBeginAtOneTensorHaveOneJoinAndEachItsOwn) {
  Loop loop("dense 6 > res[res[dense 6 > tanh] > dense 6] > dense 2");
  NetworkMonitor monitor(loop.network);
  loop.step(monitor, 0);
  const plumb::Run& run = monitor.run();
  // 0 is read by 1.0.0 (through both blocks), by the inner sum 1.0 and by the outer one 1.
  using Paths = std::vector<std::string>;
  const auto id = [&](const std::string& path) {
    const auto has_path = [&](const LayerInfo& layer) { return layer.path == path; };
    const auto it = std::ranges::find_if(run.info.layers, has_path);
    return static_cast<LayerId>(it - run.info.layers.begin());
  };
  const auto readers = [&](LayerId through) {
    const JoinRecord* join = run.steps[0].join(id("0"), 0, through);
    Paths paths;
    if (join == nullptr) return paths;
    for (const JoinWay& way : join->ways) paths.push_back(run.info.layer(way.reader).path);
    return paths;
  };
  EXPECT_EQ(run.steps[0].joins.size(), 3U);
  EXPECT_EQ(readers(kNoLayer), (Paths{"1.0.0", "1.0", "1"}));
  EXPECT_EQ(readers(id("1.0")), (Paths{"1.0.0", "1.0"}));
  EXPECT_EQ(readers(id("1")), (Paths{"1.0", "1"})) << "all of the inner block is one way";
}

TEST(NetworkMonitorTest, ObserversAreNullWhereTheStepIsNotDue) {
  Loop loop("dense 8 > tanh > dense 2");
  NetworkMonitor monitor(loop.network, {.record = "every=2"});
  {
    auto step = monitor.step(3);
    EXPECT_FALSE(step);
    EXPECT_EQ(step.pass(), nullptr);
    EXPECT_EQ(step.time(), nullptr);
    EXPECT_EQ(step.update(), nullptr);
    step.parameters();
  }
  auto step = monitor.step(4);
  EXPECT_NE(step.pass(), nullptr);
}

TEST(NetworkMonitorTest, SeveralPassesMakeOneStep) {
  Loop loop("dense 8 > tanh > dense 2");
  NetworkMonitor monitor(loop.network);
  ThreadPool pool(1);
  {
    auto step = monitor.step(0);
    const Context context{Mode::train, 0, pool, step.time()};
    for (int pass = 0; pass < 3; ++pass) {
      loop.network.forward(context, step.pass());
      loop.network.backward(context, step.pass());
    }
    step.parameters();
  }
  const StepRecord& record = monitor.run().steps[0];
  EXPECT_EQ(record.passes, 3);
  EXPECT_EQ(record.find(Site::layer(1, Role::z))->count, 3U * 8 * 8);
  EXPECT_EQ(record.find(Site::layer(0, Role::a))->count, 3U * 8 * 6);
  EXPECT_EQ(record.find(Site::param(0, Role::weight))->count, 48U);
  EXPECT_EQ(record.activation(2)->window_samples, 24U);
  const InnerRecord* by_pass = record.inner_of(1, "grad_z_log2_rms");
  ASSERT_NE(by_pass, nullptr);
  EXPECT_EQ(by_pass->axis, Axis::pass);
  EXPECT_EQ(by_pass->values.size(), 3U);
}

TEST(NetworkMonitorTest, TheGraphIsThatOfTheNetwork) {
  Loop loop("dense 6 > res[dense 6 > relu] > highway[dense 6] > dense 2");
  NetworkMonitor monitor(loop.network);
  const RunInfo& info = monitor.run().info;
  std::vector<std::string> paths;
  for (const LayerInfo& layer : info.layers) paths.push_back(layer.path);
  EXPECT_EQ(paths,
            (std::vector<std::string>{"input", "0", "1.0", "1.1", "1", "2.0", "2.gate", "2", "3"}));
  EXPECT_EQ(info.blocks,
            (std::vector<BlockInfo>{{"1", "res", kNoBlock}, {"2", "highway", kNoBlock}}));
  EXPECT_EQ(info.layers[4].inputs,
            (std::vector<Edge>{{3, 0, Way::branch, false}, {1, 0, Way::shortcut, true}}));
  EXPECT_EQ(info.layers[7].inputs, (std::vector<Edge>{{5, 0, Way::branch, false},
                                                      {4, 0, Way::shortcut, true},
                                                      {6, 0, Way::gate, false}}));
  EXPECT_EQ(info.outputs, std::vector<LayerId>{8});
  EXPECT_EQ(info.find_param(6, ParamUse::weight), 6);
  EXPECT_EQ(info.layers[1].fan_in, 6);
  EXPECT_EQ(info.layers[3].traits->can_die, true);
}

TEST(NetworkMonitorTest, CellsSayHowTheyWereBuilt) {
  Loop loop(
      "rnn 4 irnn > rnn 4 recurrent=orthogonal gain=1.5 bptt=3 > lstm 4 forget_bias=2 > "
      "gru 4 chrono=50 > last > dense 2",
      Shape{5, 3});
  NetworkMonitor monitor(loop.network);
  const auto& layers = monitor.run().info.layers;
  EXPECT_EQ(layers[1].cell->state_activation, "relu");
  EXPECT_TRUE(layers[1].cell->identity_start);
  EXPECT_EQ(layers[2].cell->state_activation, "tanh");
  EXPECT_TRUE(layers[2].cell->orthogonal_start);
  EXPECT_EQ(layers[2].cell->gain, 1.5);
  EXPECT_EQ(layers[2].cell->truncated_steps, 3);
  EXPECT_EQ(layers[3].cell->state_activation, "");
  EXPECT_EQ(layers[3].cell->forget_bias, 2);
  EXPECT_EQ(layers[4].cell->memory_steps, 50);
  EXPECT_FALSE(layers[5].cell.has_value());
}

}  // namespace
}  // namespace plumb
