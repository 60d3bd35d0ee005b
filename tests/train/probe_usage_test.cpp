// SPDX-License-Identifier: Apache-2.0
// Calls that a Probe's contract rules out, and a network that changes under it.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "plumb/core/error.h"
#include "plumb/core/rng.h"
#include "plumb/nn/spec/spec.h"
#include "plumb/train/probe.h"
#include "tests/support/message_of.h"

namespace plumb {
namespace {

using testing::message_of;

static_assert(!std::is_constructible_v<Probe, Network&&>);
static_assert(!std::is_constructible_v<Probe, const Network&&>);
static_assert(std::is_constructible_v<Probe, Network&>);

constexpr const char* kAnother =
    "Probe observes another network than it was made of, at path 0: make a Probe for that one";
constexpr const char* kGone =
    "Probe of a network that was moved or destroyed: make the Probe of the network where it stays";

/// tanh in double is judged from stored derivatives.
Network small(const char* text = "dense 40 > tanh > res proj[dense 8 > relu] > dense 2",
              DType dtype = DType::f64) {
  return Network(parse_spec(text), Shape{3}, {.dtype = dtype, .seed = 3});
}

class ProbeUsageTest : public ::testing::Test {
 protected:
  void pass(Network& network, Probe& probe) {
    const Rng rng(2, "x");
    std::uint64_t i = 0;
    dispatch(network.dtype(), [&]<class T>(T) {
      for (T& value : network.input().as<T>()) value = static_cast<T>(rng.normal(i++));
      for (T& value : network.output_gradient().as<T>()) value = 1;
    });
    network.zero_grad();
    network.forward(context_, &probe);
    network.backward(context_, &probe);
  }
  StepRecord measured(Network& network, Probe& probe) {
    StepRecord record;
    probe.begin(record);
    pass(network, probe);
    probe.on_parameters();
    probe.finish();
    return record;
  }

  ThreadPool pool_{1};
  Context context_{Mode::train, 0, pool_};
};

void expect_same(const StepRecord& found, const StepRecord& expected) {
  ASSERT_EQ(found.sketches.size(), expected.sketches.size());
  for (std::size_t i = 0; i < found.sketches.size(); ++i) {
    EXPECT_EQ(found.sketches[i].site, expected.sketches[i].site);
    EXPECT_EQ(found.sketches[i].sketch.count, expected.sketches[i].sketch.count);
    EXPECT_EQ(found.sketches[i].sketch.m2, expected.sketches[i].sketch.m2);
  }
  ASSERT_EQ(found.activations.size(), expected.activations.size());
  for (std::size_t i = 0; i < found.activations.size(); ++i) {
    EXPECT_EQ(found.activations[i].log2_rms_derivative,
              expected.activations[i].log2_rms_derivative);
  }
}

TEST_F(ProbeUsageTest, FollowsANewPlan) {
  for (const DType dtype : {DType::f64, DType::f32}) {
    for (const char* const text : {"dense 40 > tanh > res proj[dense 8 > relu] > dense 2",
                                   "dense 300 > softsign > dense 9000 > sigmoid > dense 2"}) {
      Network network = small(text, dtype);
      network.plan(2);
      Probe probe(network);
      measured(network, probe);
      network.plan(64);
      const StepRecord found = measured(network, probe);
      network.plan(3);
      const StepRecord smaller = measured(network, probe);
      Probe fresh(network);
      expect_same(smaller, measured(network, fresh));
      network.plan(64);
      Probe large(network);
      expect_same(found, measured(network, large));
    }
  }
}

TEST_F(ProbeUsageTest, FollowsAPlanMadeBetweenBeginAndThePass) {
  Network network = small();
  network.plan(2);
  Probe probe(network);
  StepRecord record;
  probe.begin(record);
  network.forward(context_, &probe);
  network.plan(64);
  pass(network, probe);
  probe.finish();
  EXPECT_EQ(record.activations.size(), 2U);  // of both passes together
  EXPECT_EQ(record.passes, 2);
}

TEST_F(ProbeUsageTest, MayComeBeforeThePlan) {
  Network network = small();
  Probe early(network);
  network.plan(5);
  Probe late(network);
  expect_same(measured(network, early), measured(network, late));
}

TEST_F(ProbeUsageTest, AsksForBegin) {
  Network network = small();
  network.plan(2);
  Probe probe(network);
  const auto before_begin = [](const std::string& call) {
    return "Probe::" + call + " before begin(): call begin(record) first";
  };
  EXPECT_EQ(message_of<UsageError>([&] { probe.finish(); }), before_begin("finish"));
  EXPECT_EQ(message_of<UsageError>([&] { probe.on_parameters(); }), before_begin("on_parameters"));
  EXPECT_EQ(message_of<UsageError>([&] { network.forward(context_, &probe); }),
            before_begin("on_output"));
  network.forward(context_);
  EXPECT_EQ(message_of<UsageError>([&] { network.backward(context_, &probe); }),
            before_begin("on_gradient"));
  EXPECT_EQ(message_of<UsageError>([&] { probe.largest_in_gradient(); }),
            before_begin("largest_in_gradient"));
  const auto optimiser = make_optimiser({});
  EXPECT_EQ(
      message_of<UsageError>([&] { optimiser->step(network.params(), 0.1, 1, 0, pool_, &probe); }),
      before_begin("before_update"));
  measured(network, probe);
  EXPECT_EQ(message_of<UsageError>([&] { probe.finish(); }), before_begin("finish"));
  EXPECT_EQ(message_of<UsageError>([&] { network.forward(context_, &probe); }),
            before_begin("on_output"));
}

TEST_F(ProbeUsageTest, ObservesItsOwnNetworkAlone) {
  Network network = small(), other = small(),
          wide = small("dense 9 > relu > 9 x [dense 9] > dense 2");
  for (Network* each : {&network, &other, &wide}) {
    each->plan(2);
    each->forward(context_);
  }
  Probe probe(network);
  StepRecord record;
  probe.begin(record);
  EXPECT_EQ(message_of<UsageError>([&] { other.forward(context_, &probe); }), kAnother);
  network.forward(context_, &probe);
  EXPECT_EQ(message_of<UsageError>([&] { wide.forward(context_, &probe); }), kAnother);
  EXPECT_THROW(wide.backward(context_, &probe), UsageError);
  network.backward(context_, &probe);
  EXPECT_EQ(message_of<UsageError>([&] { wide.forward(context_, &probe); }), kAnother);
  const auto optimiser = make_optimiser({});
  EXPECT_EQ(
      message_of<UsageError>([&] { optimiser->step(wide.params(), 0.1, 1, 0, pool_, &probe); }),
      "Probe is shown a parameter 'weight' of another network than it was made of: make a "
      "Probe for that one");
  probe.finish();
  expect_same(measured(network, probe), measured(network, probe));
}

TEST_F(ProbeUsageTest, AMovedNetworkIsRefused) {
  Network network = small();
  network.plan(2);
  Probe probe(network);
  StepRecord record;
  probe.begin(record);
  Network moved = std::move(network);
  EXPECT_EQ(message_of<UsageError>([&] { moved.forward(context_, &probe); }), kGone);
  EXPECT_EQ(message_of<UsageError>([&] { probe.begin(record); }), kGone);
  EXPECT_EQ(message_of<UsageError>([&] { probe.on_parameters(); }), kGone);
  Probe of_nothing(network);
  EXPECT_EQ(message_of<UsageError>([&] { of_nothing.begin(record); }), kGone);
  // Back at its place, it is the network that the probe knows.
  network = std::move(moved);
  EXPECT_FALSE(measured(network, probe).sketches.empty());
}

TEST_F(ProbeUsageTest, ADestroyedNetworkIsRefused) {
  auto network = std::make_unique<Network>(small());
  network->plan(2);
  Probe probe(*network);
  StepRecord record;
  measured(*network, probe);
  probe.begin(record);
  const auto moved = std::make_unique<Network>(std::move(*network));
  network.reset();
  EXPECT_EQ(message_of<UsageError>([&] { moved->forward(context_, &probe); }), kGone);
  EXPECT_EQ(message_of<UsageError>([&] { probe.begin(record); }), kGone);
}

TEST_F(ProbeUsageTest, AStepThatWasCutOffIsGivenUp) {
  Network network = small();
  network.plan(2);
  Probe probe(network), whole(network);
  StepRecord record;
  probe.begin(record);
  network.forward(context_, &probe);
  expect_same(measured(network, probe), measured(network, whole));
}

TEST_F(ProbeUsageTest, TimeStepsBelongToAPassThatItObserves) {
  Network network(parse_spec("rnn 4 > last > dense 2"), Shape{5, 3}, {});
  network.plan(2);
  Probe probe(network);
  StepRecord record;
  const Context with_time{Mode::train, 0, pool_, &probe};
  EXPECT_EQ(message_of<UsageError>([&] {
              network.forward(with_time);
              network.backward(with_time);
            }),
            "Probe::on_time_step before begin(): call begin(record) first");
  probe.begin(record);
  network.forward(with_time);
  network.backward(with_time);
  EXPECT_EQ(message_of<UsageError>([&] { probe.finish(); }),
            "Recorder::finish: time steps of no layer, and no output came after them: call "
            "output() of the layer");
}

}  // namespace
}  // namespace plumb
