// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>

#include "plumb/core/error.h"
#include "plumb/nn/graph/network.h"
#include "plumb/stats/magnitude.h"

namespace plumb {
namespace {

NetworkOptions options_for(DType dtype, std::uint64_t seed = 1) {
  NetworkOptions options;
  options.dtype = dtype;
  options.seed = seed;
  options.bias_init = parse_init("zeros");
  return options;
}

void fill_normal(View values, const Rng& rng) {
  dispatch(values.dtype, [&]<class T>(T) {
    std::uint64_t index = 0;
    for (T& value : values.as<T>()) value = static_cast<T>(rng.normal(index++));
  });
}

double squared_norm(ConstView x) { return dot(x, x); }

Param& param(Network& network, std::string_view name) {
  for (std::size_t i = 0; i < network.params().size(); ++i) {
    if (network.param_names()[i] == name) return *network.params()[i];
  }
  throw std::out_of_range(std::string(name));
}

double true_gradient(const Param& of, std::size_t index) {
  return std::ldexp(of.grad.as<double>()[index], of.grad_log2_scale);
}

/// The gradient at each node as bytes, and what came back through each join.
class Keeper : public PassObserver {
 public:
  void on_gradient(const Node& node, ConstView grad_y, int log2_scale) override {
    EXPECT_EQ(log2_scale, 0) << node.path;
    const auto* const bytes = static_cast<const char*>(grad_y.data);
    const auto count = static_cast<std::size_t>(grad_y.shape.size() * size_bytes(grad_y.dtype));
    gradients[node.path].assign(bytes, count);
  }
  void on_join(const Node& node, std::span<const WayGradient> ways) override {
    carried[node.path] = std::exp2(log2_rms(ways[1].values) + ways[1].log2_scale);
    has_gate = ways.size() == 3;
  }
  std::map<std::string, std::string> gradients;
  std::map<std::string, double> carried;
  bool has_gate = false;
};

void run_pass(Network& network, std::uint64_t seed, PassObserver* observer = nullptr) {
  ThreadPool pool(1);
  const Context context{Mode::train, 0, pool};
  network.zero_grad();
  fill_normal(network.input(), Rng(seed, "test/x"));
  network.forward(context);
  fill_normal(network.output_gradient(), Rng(seed, "test/g"));
  network.backward(context, observer);
}

TEST(ResidualTest, AtZeroALearnedScaleHandsTheGradientOnBitForBit) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    Network network(
        parse_spec("dense 8 > 3 x res rezero[dense 8 > sigmoid > dense 8 > relu] > dense 3"),
        Shape{4}, options_for(dtype));
    network.plan(5);
    Keeper keeper;
    run_pass(network, 3, &keeper);
    ASSERT_FALSE(keeper.gradients.at("3").empty());
    for (const char* path : {"0", "1", "2"}) {
      EXPECT_EQ(keeper.gradients.at(path), keeper.gradients.at("3")) << path;
    }
  }
}

TEST(ResidualTest, AtZeroOnlyTheScaleItselfLearns) {
  Network network(parse_spec("dense 8 > res rezero[dense 8 > tanh > dense 8] > dense 3"), Shape{4},
                  options_for(DType::f64));
  network.plan(5);
  run_pass(network, 4);
  for (std::size_t i = 0; i < network.params().size(); ++i) {
    const std::string& name = network.param_names()[i];
    const double size = squared_norm(network.params()[i]->grad.view());
    if (name.starts_with("1.") && name != "1.alpha") {
      EXPECT_EQ(size, 0) << name;
    } else if (!name.ends_with("bias")) {
      EXPECT_GT(size, 0) << name;
    }
  }
}

TEST(ResidualTest, ALearnedScaleStartsWhereAskedAndScalesAsAConstantDoes) {
  const char* const branch = "[dense 4 > tanh] > dense 2";
  Network fixed(parse_spec("res scale=-0.75" + std::string(branch)), Shape{4},
                options_for(DType::f64));
  Network learned(parse_spec("res alpha=-0.75" + std::string(branch)), Shape{4},
                  options_for(DType::f64));
  for (Network* network : {&fixed, &learned}) {
    network->plan(3);
    run_pass(*network, 5);
  }
  EXPECT_EQ(param(learned, "0.alpha").value.as<double>()[0], -0.75);
  for (const char* name : {"0.0.weight", "0.0.bias", "1.weight"}) {
    const auto a = param(fixed, name).grad.as<double>();
    const auto b = param(learned, name).grad.as<double>();
    EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin())) << name;
  }
  EXPECT_EQ(squared_norm(fixed.output()), squared_norm(learned.output()));
}

TEST(ResidualTest, TheGradientOfALearnedScaleAddsUp) {
  Network network(parse_spec("res alpha=2[dense 4] > 60 x [dense 4 > sigmoid]"), Shape{4},
                  options_for(DType::f64));
  network.plan(3);
  run_pass(network, 6);
  const double once = true_gradient(param(network, "0.alpha"), 0);
  ASSERT_NE(once, 0);
  ThreadPool pool(1);
  network.backward({Mode::train, 0, pool});
  EXPECT_NEAR(true_gradient(param(network, "0.alpha"), 0) / once, 2, 1e-12);
}

// E||x_L||^2 / ||x_0||^2 = E||grad_0||^2 / ||grad_L||^2 = (1 + a^2)^L at any width, for
// x + a W2 relu(W1 x) with Var W1 = 2/n, Var W2 = 1/n: given what is below it, each block adds an
// independent vector of mean 0 and a^2 times the squared length.
TEST(ResidualTest, BlocksOfScaleAGrowBothSignalsByOnePlusASquared) {
  struct Case {
    int layers;
    double scale;
    int width;
  };
  for (const auto& [layers, scale, width] :
       {Case{5, 1, 6}, Case{20, 1 / std::sqrt(20.0), 8}, Case{100, 0.1, 5}}) {
    constexpr int kNetworks = 400;
    NetworkOptions options = options_for(DType::f64);
    options.weight_init = parse_init("he_normal");
    const std::string n = std::to_string(width);
    const Spec spec =
        parse_spec(std::to_string(layers) + " x res scale=" + std::to_string(scale) + "[dense " +
                   n + " bias=false > relu > dense " + n + " bias=false]");
    double sums[2] = {}, squares[2] = {};
    for (int i = 0; i < kNetworks; ++i) {
      options.seed = static_cast<std::uint64_t>(i);
      Network network(spec, Shape{width}, options);
      network.plan(1);
      for (std::size_t p = 1; p < network.params().size(); p += 2) {
        for (double& weight : network.params()[p]->value.as<double>()) weight *= std::sqrt(0.5);
      }
      struct AtInput : PassObserver {
        void on_input_gradient(ConstView grad_x, int log2_scale) override {
          squared = std::ldexp(squared_norm(grad_x), 2 * log2_scale);
        }
        double squared = 0;
      } observer;
      run_pass(network, options.seed + 1000, &observer);
      const double growth[2] = {squared_norm(network.output()) / squared_norm(network.input_view()),
                                observer.squared / squared_norm(network.output_gradient())};
      for (int side : {0, 1}) {
        sums[side] += growth[side];
        squares[side] += growth[side] * growth[side];
      }
    }
    const double expected = std::pow(1 + scale * scale, layers);
    for (int side : {0, 1}) {
      const double mean = sums[side] / kNetworks;
      const double error = std::sqrt((squares[side] / kNetworks - mean * mean) / kNetworks);
      EXPECT_LT(error, expected / 4) << "no test of " << layers << " layers";
      EXPECT_NEAR(mean, expected, 5 * error) << layers << " layers, side " << side;
    }
  }
}

TEST(HighwayTest, AGateWithoutWeightsCarriesOneMinusSigmoidOfItsBias) {
  const std::pair<double, double> published[] = {
      {-1, .731058578630}, {-2, .880797077978}, {-3, .952574126822}, {-4, .982013790038}};
  for (const auto& [bias, carry] : published) {
    NetworkOptions options = options_for(DType::f64);
    options.weight_init = parse_init("zeros");
    Network network(parse_spec("highway bias=" + std::to_string(bias) + "[dense 6]"), Shape{6},
                    options);
    network.plan(3);
    Keeper keeper;
    run_pass(network, 7, &keeper);
    // The branch is zero: y = (1 - T) x, and the gradient goes back by the carry alone.
    const ConstView x = network.input_view();
    EXPECT_NEAR(std::sqrt(squared_norm(network.output()) / squared_norm(x)), carry, 1e-12);
    EXPECT_NEAR(keeper.carried.at("0") / std::exp2(log2_rms(network.output_gradient())), carry,
                1e-12);
    EXPECT_TRUE(keeper.has_gate);
  }
}

TEST(HighwayTest, TheDefaultBiasIsMinusTwo) {
  Network network(parse_spec("highway[dense 2 > relu]"), Shape{2}, options_for(DType::f64));
  for (const double bias : param(network, "0.gate.bias").value.as<double>()) EXPECT_EQ(bias, -2);
}

TEST(HighwayTest, OneUnitByHand) {
  // h = 3 x, z = x - 1, at x = 2: T = sigmoid(1), y = 6 T + 2 (1 - T).
  Network network(parse_spec("highway bias=-1[dense 1 bias=false]"), Shape{1},
                  options_for(DType::f64));
  network.plan(1);
  param(network, "0.0.weight").value.as<double>()[0] = 3;
  param(network, "0.gate.weight").value.as<double>()[0] = 1;
  network.input().as<double>()[0] = 2;
  ThreadPool pool(1);
  const Context context{Mode::train, 0, pool};
  struct AtInput : PassObserver {
    void on_input_gradient(ConstView grad_x, int log2_scale) override {
      value = std::ldexp(grad_x.as<double>()[0], log2_scale);
    }
    double value = 0;
  } observer;
  const double t = 1 / (1 + std::exp(-1.0));
  EXPECT_NEAR(network.forward(context).as<double>()[0], 6 * t + 2 * (1 - t), 1e-15);
  network.output_gradient().as<double>()[0] = 1;
  network.zero_grad();
  network.backward(context, &observer);
  const double slope = t * (1 - t);
  EXPECT_NEAR(observer.value, 3 * t + (1 - t) + 4 * slope, 1e-14);
  EXPECT_NEAR(true_gradient(param(network, "0.0.weight"), 0), 2 * t, 1e-14);
  EXPECT_NEAR(true_gradient(param(network, "0.gate.weight"), 0), 2 * 4 * slope, 1e-14);
  EXPECT_NEAR(true_gradient(param(network, "0.gate.bias"), 0), 4 * slope, 1e-14);
}

std::string problem_of(const std::string& text) {
  try {
    const Network network(parse_spec(text), Shape{4}, options_for(DType::f64));
  } catch (const std::exception& error) {
    const std::string message = error.what();
    return message.substr(0, message.find('\n'));
  }
  return "";
}

TEST(ResidualTest, WrongOptionsSayWhatIsExpected) {
  EXPECT_EQ(problem_of("res alpha=0 scale=1[dense 4]"),
            "network: res: has more than one of scale, alpha and rezero, expected one of them");
  EXPECT_EQ(problem_of("res rezero alpha=1[dense 4]"),
            "network: res: has more than one of scale, alpha and rezero, expected one of them");
  EXPECT_EQ(problem_of("highway scale=2[dense 4]"),
            "network: highway has no option 'scale', expected bias");
  EXPECT_EQ(problem_of("highway[dense 3]"),
            "path 0 (highway[dense 3]): the branch turns [4] into [3] a sample, expected the same "
            "shape");
}

}  // namespace
}  // namespace plumb
