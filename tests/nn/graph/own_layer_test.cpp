// SPDX-License-Identifier: Apache-2.0
// A caller's own layers beside those of the table.
#include <gtest/gtest.h>

#include <algorithm>

#include "plumb/core/error.h"
#include "plumb/nn/graph/join_table.h"
#include "plumb/nn/graph/network.h"
#include "plumb/nn/spec/join_names.h"

namespace plumb {
namespace {

/// y = x + shift, a learned number for each feature of the last axis.
class Shift : public Layer {
 public:
  Shift(std::int64_t features, double start, DType dtype)
      : shift_("shift", Shape{features}, dtype, 0, 0) {
    set_all(shift_, start);
  }
  std::string_view kind() const override { return "shift"; }
  LayerFamily family() const override { return LayerFamily::other; }
  Shape output_shape(const Shape& x) const override { return x; }
  std::span<Param> params() override { return {&shift_, 1}; }
  void forward(ConstView x, View y, const Context& /*context*/) override {
    dispatch(x.dtype, [&]<class T>(T) {
      const auto shift = shift_.value.as<T>();
      for (std::size_t i = 0; i < y.as<T>().size(); ++i) {
        y.as<T>()[i] = x.as<T>()[i] + shift[i % shift.size()];
      }
    });
  }
  void backward(ConstView /*x*/, ConstView /*y*/, ConstView grad_y, View grad_x,
                const Context& /*context*/) override {
    dispatch(grad_y.dtype, [&]<class T>(T) {
      const auto grad = shift_.grad.as<T>();
      if (shift_.grad_is_zero) std::ranges::fill(grad, T{});
      for (std::size_t i = 0; i < grad_y.as<T>().size(); ++i) {
        grad[i % grad.size()] += grad_y.as<T>()[i];
      }
      if (grad_x) std::ranges::copy(grad_y.as<T>(), grad_x.as<T>().begin());
    });
    shift_.grad_is_zero = false;
  }

 private:
  Param shift_;
};

std::unique_ptr<Layer> make_shift(LayerRequest& request) {
  const double start = request.arguments.number(0, "the start").value_or(0);
  request.arguments.done();
  return std::make_unique<Shift>(request.x.row_size(), start, request.dtype);
}

NetworkOptions with(std::string_view name, std::string_view alias = "") {
  NetworkOptions options;
  options.dtype = DType::f64;
  options.own_layers = {{name, alias, "shift [START]", "y = x + shift", make_shift}};
  return options;
}

template <class Error>
std::string message_of(const std::string& network, const NetworkOptions& options) {
  try {
    Network(parse_spec(network), {3}, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(OwnLayerTest, StandsInANetworkStringLikeAnyOther) {
  Network network(parse_spec("res[dense 3 > shift 0.5] > 2 x moved > dense 1"), {3},
                  with("shift", "moved"));
  ASSERT_EQ(network.params().size(), 7U);
  EXPECT_EQ(network.param_names()[2], "0.1.shift");
  EXPECT_EQ(network.params()[2]->value.as<double>()[2], 0.5);
  network.plan(4);
  ThreadPool pool(1);
  const Context context{Mode::train, 0, pool};
  std::ranges::fill(network.input().as<double>(), 1.0);
  network.zero_grad();
  network.forward(context);
  std::ranges::fill(network.output_gradient().as<double>(), 1.0);
  network.backward(context);
  // Behind everything but the last layer, whose weight is what each of four samples hands back.
  const Param& last_shift = *network.params()[4];
  const Param& weight = *network.params()[5];
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(last_shift.grad.as<double>()[i], 4 * weight.value.as<double>()[i], 1e-12);
  }
}

TEST(OwnLayerTest, IsAmongTheNamesThatAnUnknownOneIsComparedWith) {
  EXPECT_EQ(message_of<SpecError>("shitf", with("shift")),
            "network: unknown layer 'shitf', did you mean 'shift'?\n  shitf\n  ^");
  EXPECT_NE(message_of<SpecError>("qqqqqqqq", with("shift")).find(", shift,"), std::string::npos);
}

TEST(OwnLayerTest, ANameThatIsTakenIsRefused) {
  for (const std::string_view name : {"dense", "fc", "relu", "res", "highway", "resnet20"}) {
    EXPECT_EQ(message_of<UsageError>("dense 2", with(name)),
              "own layer '" + std::string(name) +
                  "': the name is taken, expected one that nothing else is called by");
  }
  EXPECT_NE(message_of<UsageError>("dense 2", with("shift", "other sigmoid")), "no error");
  NetworkOptions twice = with("shift");
  twice.own_layers.push_back(twice.own_layers.front());
  EXPECT_NE(message_of<UsageError>("dense 2", twice), "no error");
}

TEST(JoinTableTest, HasTheNamesOfTheGrammar) {
  ASSERT_EQ(join_table().size(), kJoinNames.size());
  for (const JoinEntry& entry : join_table()) {
    EXPECT_TRUE(is_join_name(entry.name)) << entry.name;
    Network network(parse_spec(std::string(entry.name) + "[dense 3]"), {3}, {});
    EXPECT_EQ(network.nodes().front().kind(), entry.name);
    const auto ways = network.nodes().front().ways();
    EXPECT_EQ(std::ranges::count_if(ways, &NodeWay::is_main), 1) << entry.name;
  }
}

}  // namespace
}  // namespace plumb
