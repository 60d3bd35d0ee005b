// SPDX-License-Identifier: Apache-2.0
// Calls that a Network's contract rules out: the error names what is missing, and nothing is read
// or written that is not there.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include "plumb/core/error.h"
#include "plumb/nn/graph/network.h"
#include "plumb/nn/loss.h"
#include "plumb/nn/spec/arguments.h"
#include "tests/support/message_of.h"

namespace plumb {
namespace {

using testing::message_of;

static_assert(!std::is_constructible_v<SpecArguments, std::string&&, const SpecItem&>);
static_assert(!std::is_constructible_v<SpecArguments, const std::string&, SpecItem&&>);
static_assert(!std::is_constructible_v<SpecArguments, const char*, const SpecItem&>);
static_assert(std::is_constructible_v<SpecArguments, const std::string&, const SpecItem&>);

Network small(const char* text = "dense 4 > tanh > res[dense 4 > dropout 0.5] > dense 2") {
  return Network(parse_spec(text), Shape{3}, {});
}

class NetworkUsageTest : public ::testing::Test {
 protected:
  ThreadPool pool_{1};
  Context train_{Mode::train, 0, pool_};
  Context infer_{Mode::infer, 0, pool_};
};

TEST_F(NetworkUsageTest, EverythingOfAPassAsksForThePlan) {
  Network network = small();
  const auto before_plan = [](const std::string& call) {
    return "Network::" + call + " before plan(): call plan(batch) first";
  };
  EXPECT_EQ(message_of<UsageError>([&] { network.forward(train_); }), before_plan("forward"));
  EXPECT_EQ(message_of<UsageError>([&] { network.backward(train_); }), before_plan("backward"));
  EXPECT_EQ(message_of<UsageError>([&] { network.input(); }), before_plan("input"));
  EXPECT_EQ(message_of<UsageError>([&] { network.input_view(); }), before_plan("input_view"));
  EXPECT_EQ(message_of<UsageError>([&] { network.output(); }), before_plan("output"));
  EXPECT_EQ(message_of<UsageError>([&] { network.output_gradient(); }),
            before_plan("output_gradient"));
  EXPECT_EQ(network.batch(), 0);
  network.plan(2);
  EXPECT_NO_THROW(network.forward(train_));
  EXPECT_NO_THROW(network.backward(train_));
}

TEST_F(NetworkUsageTest, APlanIsForOneSampleOrMore) {
  Network network = small();
  for (const std::int64_t batch :
       {std::int64_t{0}, std::int64_t{-1}, Network::kMaxBatch + 1, std::int64_t{1} << 62}) {
    EXPECT_EQ(message_of<UsageError>([&] { network.plan(batch); }),
              "Network::plan: batch is " + std::to_string(batch) + ", expected 1 to 2147483647");
    EXPECT_THROW(network.forward(train_), UsageError);
  }
  network.plan(2);
  EXPECT_THROW(network.plan(0), UsageError);
  EXPECT_NO_THROW(network.forward(train_));  // the plan that it had still stands
  EXPECT_EQ(network.batch(), 2);
}

TEST_F(NetworkUsageTest, BackwardAndOutputAskForThePassBeforeThem) {
  Network network = small();
  network.plan(2);
  const std::string output = "Network::output before forward(): call forward(context) first";
  const std::string backward = "Network::backward before forward(): call forward(context) first";
  EXPECT_EQ(message_of<UsageError>([&] { network.output(); }), output);
  EXPECT_EQ(message_of<UsageError>([&] { network.backward(train_); }), backward);
  network.forward(train_);
  EXPECT_NO_THROW(network.output());
  EXPECT_NO_THROW(network.backward(train_));
  EXPECT_NO_THROW(network.backward(train_));  // gradients add up
  network.plan(64);
  EXPECT_EQ(message_of<UsageError>([&] { network.output(); }), output);
  EXPECT_EQ(message_of<UsageError>([&] { network.backward(train_); }), backward);
}

TEST_F(NetworkUsageTest, BackwardStaysInTheModeOfItsForward) {
  Network network = small();
  network.plan(2);
  const std::string expected =
      "Network::backward in another mode than forward(): call forward with this context first";
  network.forward(infer_);
  EXPECT_EQ(message_of<UsageError>([&] { network.backward(train_); }), expected);
  EXPECT_NO_THROW(network.backward(infer_));
  network.forward(train_);
  EXPECT_EQ(message_of<UsageError>([&] { network.backward(infer_); }), expected);
}

TEST_F(NetworkUsageTest, APassThatWasCutOffIsNoPass) {
  class Thrower : public PassObserver {
    void on_output(const Node& node, ConstView, ConstView) override {
      if (node.path == "1") throw std::runtime_error("enough");
    }
  };
  Network network = small();
  network.plan(2);
  network.forward(train_);
  Thrower thrower;
  EXPECT_THROW(network.forward(train_, &thrower), std::runtime_error);
  EXPECT_THROW(network.backward(train_), UsageError);
  EXPECT_THROW(network.output(), UsageError);
}

TEST_F(NetworkUsageTest, SharedGradientsNeedSomebodyToTakeThem) {
  class Taker : public GradientReady {
    void on_gradients(const Node&) override {}
  };
  Network network = small();
  network.share_gradients();
  network.plan(2);
  network.forward(train_);
  EXPECT_EQ(message_of<UsageError>([&] { network.backward(train_); }),
            "Network::backward with shared gradients and nobody to take them: pass a "
            "GradientReady, or call keep_gradients() first");
  Taker taker;
  EXPECT_NO_THROW(network.backward(train_, nullptr, &taker));
  network.keep_gradients();
  EXPECT_NO_THROW(network.backward(train_));
  Network without_params(parse_spec("tanh > flatten"), Shape{3}, {});
  without_params.share_gradients();
  without_params.plan(2);
  without_params.forward(train_);
  EXPECT_NO_THROW(without_params.backward(train_));
}

TEST_F(NetworkUsageTest, ANetworkThatWasMovedFromSaysSo) {
  Network from = small();
  from.plan(2);
  from.forward(train_);
  Network to = std::move(from);
  const auto moved = [](const std::string& call) {
    return "Network::" + call + " of a network that was moved from: use the one it moved to";
  };
  EXPECT_EQ(message_of<UsageError>([&] { from.plan(2); }), moved("plan"));
  EXPECT_EQ(message_of<UsageError>([&] { from.forward(train_); }), moved("forward"));
  EXPECT_EQ(message_of<UsageError>([&] { from.backward(train_); }), moved("backward"));
  EXPECT_EQ(message_of<UsageError>([&] { from.output(); }), moved("output"));
  EXPECT_EQ(message_of<UsageError>([&] { from.input(); }), moved("input"));
  EXPECT_EQ(message_of<UsageError>([&] { from.output_gradient(); }), moved("output_gradient"));
  // The pass moved along.
  EXPECT_EQ(to.output().shape, (Shape{2, 2}));
  EXPECT_NO_THROW(to.backward(train_));
  from = small();
  from.plan(1);
  EXPECT_NO_THROW(from.forward(train_));
}

TEST_F(NetworkUsageTest, ALossRefusesWhatIsNotThere) {
  const std::array<std::int32_t, 1> label{0};
  Tensor grad(Shape{1, 2}, DType::f32), y(Shape{1, 2}, DType::f32), wide(Shape{1, 3}, DType::f32);
  Tensor double_grad(Shape{1, 2}, DType::f64);
  for (const std::string_view name : loss_names()) {
    const auto loss = make_loss(name);
    EXPECT_EQ(
        message_of<UsageError>([&] {
          loss->value({}, {label, {}});
        }),
        std::string(name) + ": y is a view of nothing, expected the output of Network::forward");
    EXPECT_THROW(loss->gradient(y.view(), {label, {}}, {}), ShapeError);
    EXPECT_THROW(loss->gradient(y.view(), {label, {}}, wide.view()), ShapeError);
    EXPECT_THROW(loss->gradient(y.view(), {label, {}}, double_grad.view()), UsageError);
    EXPECT_THROW(loss->gradient(y.view(), {}, grad.view()), DataError);
    if (name == "cross_entropy") continue;
    EXPECT_THROW(loss->value(y.view(), {{}, wide.view()}), ShapeError);
  }
}

}  // namespace
}  // namespace plumb
