// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/graph/network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plumb/nn/loss.h"
#include "plumb/stats/magnitude.h"

namespace plumb {
namespace {

NetworkOptions in_double(std::uint64_t seed = 1) {
  NetworkOptions options;
  options.dtype = DType::f64;
  options.seed = seed;
  return options;
}

void fill_normal(View values, std::uint64_t seed) {
  const Rng rng(seed, "test/x");
  dispatch(values.dtype, [&](auto zero) {
    using T = decltype(zero);
    std::uint64_t index = 0;
    for (T& value : values.as<T>()) value = static_cast<T>(rng.normal(index++));
  });
}

std::vector<std::int32_t> labels_for(std::int64_t batch, std::int64_t classes) {
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < batch; ++i) labels.push_back(static_cast<std::int32_t>(i % classes));
  return labels;
}

/// One pass with cross-entropy; returns the loss.
double run_pass(Network& network, PassObserver* observer = nullptr) {
  ThreadPool pool(1);
  const Context context{Mode::train, 0, pool};
  const auto labels = labels_for(network.batch(), network.output_row_shape()[0]);
  network.zero_grad();
  const double loss =
      make_loss("cross_entropy")
          ->gradient(network.forward(context), {labels, {}}, network.output_gradient());
  network.backward(context, observer);
  return loss;
}

/// True log2 rms of the gradient at each node, by path.
class FlowKeeper : public PassObserver {
 public:
  void on_gradient(const Node& node, ConstView grad_y, int log2_scale) override {
    flow[node.path] = log2_rms(grad_y) + log2_scale;
  }
  void on_input_gradient(ConstView grad_x, int log2_scale) override {
    flow["input"] = log2_rms(grad_x) + log2_scale;
  }
  std::map<std::string, double> flow;
};

TEST(NetworkTest, NamesParametersAsTorchSequentialDoes) {
  const Network network(
      parse_spec("flatten > dense 4 > relu > res[dense 4 bias=false > tanh] > dense 3"),
      Shape{2, 2}, in_double());
  const std::vector<std::string> names(network.param_names().begin(), network.param_names().end());
  EXPECT_EQ(names,
            (std::vector<std::string>{"1.weight", "1.bias", "3.0.weight", "4.weight", "4.bias"}));
}

TEST(NetworkTest, NamesTheProjectionOfAResidualBlock) {
  const Network network(parse_spec("res proj[dense 3]"), Shape{2}, in_double());
  const std::vector<std::string> names(network.param_names().begin(), network.param_names().end());
  EXPECT_EQ(names, (std::vector<std::string>{"0.0.weight", "0.0.bias", "0.proj.weight"}));
}

TEST(NetworkTest, AShapeThatDoesNotFitNamesTheLayer) {
  try {
    Network(parse_spec("dense 4 > res[dense 3]"), Shape{2}, in_double());
    FAIL();
  } catch (const ShapeError& error) {
    EXPECT_STREQ(error.what(),
                 "path 1 (res[dense 3]): the branch turns [4] into [3] a sample, expected the same "
                 "shape (or write 'res proj[...]' or 'res pad[...]')");
  }
  try {
    Network(parse_spec("dense 10"), Shape{1, 28, 28}, in_double());
    FAIL();
  } catch (const ShapeError& error) {
    EXPECT_STREQ(error.what(),
                 "path 0 (dense 10): x has shape [1, 28, 28] a sample, expected [features] or "
                 "[steps, features]; put flatten before dense");
  }
}

TEST(NetworkTest, GradientsOfEveryParameterMatchCentralDifferences) {
  Network network(parse_spec("dense 5 > tanh > res scale=0.7[dense 5 > sigmoid > dense 5] > gelu > "
                             "res proj alpha=0.3[dense 4 > prelu] > highway bias=0.5[dense 4] > "
                             "dense 3"),
                  Shape{4}, in_double());
  network.plan(3);
  fill_normal(network.input(), 2);
  run_pass(network);
  std::vector<std::vector<double>> analytic;
  for (const Param* param : network.params()) {
    const auto grad = param->grad.as<double>();
    analytic.emplace_back(grad.begin(), grad.end());
    for (double& value : analytic.back()) value = std::ldexp(value, param->grad_log2_scale);
  }
  for (std::size_t p = 0; p < network.params().size(); ++p) {
    const auto values = network.params()[p]->value.as<double>();
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double kept = values[i];
      const double h = 1e-4 * std::max(1.0, std::abs(kept));
      values[i] = kept + h;
      const double above = run_pass(network);
      values[i] = kept - h;
      const double below = run_pass(network);
      values[i] = kept;
      EXPECT_NEAR(analytic[p][i], (above - below) / (2 * h), 1e-7)
          << network.param_names()[p] << " " << i;
    }
  }
}

TEST(NetworkTest, ThreeHundredSigmoidLayersReportTheSlopeOfTwenty) {
  // Far from both ends a sigmoid chain loses the same factor at every layer, so the deep network
  // has the slope of the shallow one; plain double would hold it, plain float would not.
  for (const int depth : {300, 2000}) {
    NetworkOptions options;
    options.seed = 3;
    options.weight_init = parse_init("glorot_normal");
    options.bias_init = parse_init("zeros");
    Network network(parse_spec(std::to_string(depth) + " x [dense 32 > sigmoid] > dense 10"),
                    Shape{32}, options);
    network.plan(16);
    fill_normal(network.input(), 4);
    FlowKeeper keeper;
    run_pass(network, &keeper);
    const double top = keeper.flow.at(std::to_string(2 * depth - 20));
    const double bottom = keeper.flow.at("0");
    ASSERT_TRUE(std::isfinite(bottom)) << depth;
    // sqrt(chi1) = sqrt(0.0557): log2 is -2.083 a layer in the limit of infinite width.
    EXPECT_NEAR((bottom - top) / (depth - 10), -2.083, 0.06) << depth;
  }
}

TEST(NetworkTest, FloatAndDoubleAgreeFarBelowTheRangeOfFloat) {
  std::map<std::string, double> flows[2];
  for (const DType dtype : {DType::f32, DType::f64}) {
    NetworkOptions options;
    options.dtype = dtype;
    options.seed = 5;
    Network network(parse_spec("120 x [dense 16 > sigmoid] > dense 4"), Shape{16}, options);
    network.plan(8);
    fill_normal(network.input(), 6);
    FlowKeeper keeper;
    run_pass(network, &keeper);
    flows[dtype == DType::f64 ? 1 : 0] = keeper.flow;
  }
  EXPECT_LT(flows[1].at("0"), -200);
  for (const auto& [path, value] : flows[1]) EXPECT_NEAR(flows[0].at(path), value, 1e-3) << path;
}

TEST(NetworkTest, AZeroBranchLeavesTheGradientBitForBit) {
  // With scale=0 a residual block is the identity (ReZero at its start): J = I exactly.
  Network network(
      parse_spec("dense 8 > res scale=0[dense 8 > sigmoid > dense 8] > identity > dense 3"),
      Shape{4}, in_double());
  network.plan(5);
  fill_normal(network.input(), 7);
  struct Keeper : PassObserver {
    void on_gradient(const Node& node, ConstView grad_y, int log2_scale) override {
      const auto values = grad_y.as<double>();
      for (const double value : values)
        gradients[node.path].push_back(std::ldexp(value, log2_scale));
    }
    std::map<std::string, std::vector<double>> gradients;
  } keeper;
  run_pass(network, &keeper);
  EXPECT_EQ(keeper.gradients.at("0"), keeper.gradients.at("1"));
  for (std::size_t i = 0; i < network.params().size(); ++i) {
    if (!network.param_names()[i].starts_with("1.")) continue;
    for (const double value : network.params()[i]->grad.as<double>()) EXPECT_EQ(value, 0.0);
  }
}

TEST(NetworkTest, ADeepDeadBranchDoesNotDisturbTheShortcut) {
  // The branch's gradient is 2^-400 of the shortcut's: adding it must change nothing.
  Network network(parse_spec("dense 8 > res[200 x [dense 8 > sigmoid]] > dense 3"), Shape{4},
                  in_double());
  network.plan(5);
  fill_normal(network.input(), 8);
  FlowKeeper keeper;
  run_pass(network, &keeper);
  EXPECT_NEAR(keeper.flow.at("0"), keeper.flow.at("1"), 1e-12);
  EXPECT_LT(keeper.flow.at("1.0"), keeper.flow.at("1") - 300);
}

TEST(NetworkTest, EulersIdentityHoldsForEveryLayerOfABiasFreeReluNetwork) {
  // f is homogeneous of degree 1 in each weight: <W_l, df/dW_l> = f.
  Network network(parse_spec("4 x [dense 9 bias=false > relu] > dense 1 bias=false"), Shape{6},
                  in_double(11));
  network.plan(1);
  fill_normal(network.input(), 9);
  ThreadPool pool(1);
  const Context context{Mode::train, 0, pool};
  const double f = network.forward(context).as<double>()[0];
  network.output_gradient().as<double>()[0] = 1;
  network.backward(context);
  ASSERT_NE(f, 0.0);
  for (const Param* param : network.params()) {
    const double product =
        std::ldexp(dot(param->value.view(), param->grad.view()), param->grad_log2_scale);
    EXPECT_NEAR(product, f, 1e-13 * std::abs(f));
  }
}

TEST(NetworkTest, WithBiasesEulersIdentityCountsTheBiasesAbove) {
  Network network(parse_spec("3 x [dense 9 > leaky_relu 0.1] > dense 1"), Shape{6}, in_double(12));
  network.plan(1);
  fill_normal(network.input(), 10);
  ThreadPool pool(1);
  const Context context{Mode::train, 0, pool};
  const double f = network.forward(context).as<double>()[0];
  network.output_gradient().as<double>()[0] = 1;
  network.backward(context);
  double biases_above = 0;
  for (std::size_t i = network.params().size(); i-- > 0;) {
    const Param& param = *network.params()[i];
    const double product =
        std::ldexp(dot(param.value.view(), param.grad.view()), param.grad_log2_scale);
    if (param.name == "bias") {
      biases_above += product;
    } else {
      EXPECT_NEAR(product + biases_above, f, 1e-12) << network.param_names()[i];
    }
  }
}

TEST(NetworkTest, LinearNetworksConserveTheBalanceOfNeighbouringWeights) {
  // W_{l+1}^T dL/dW_{l+1} = dL/dW_l W_l^T.
  Network network(parse_spec("dense 4 bias=false > dense 5 bias=false > dense 3 bias=false"),
                  Shape{6}, in_double(13));
  network.plan(7);
  fill_normal(network.input(), 11);
  run_pass(network);
  for (std::size_t l = 0; l + 1 < network.params().size(); ++l) {
    const Param& lower = *network.params()[l];
    const Param& upper = *network.params()[l + 1];
    const auto w = lower.value.as<double>(), gw = lower.grad.as<double>();
    const auto v = upper.value.as<double>(), gv = upper.grad.as<double>();
    const auto n = static_cast<std::size_t>(lower.value.shape()[0]);
    const auto in = static_cast<std::size_t>(lower.value.shape()[1]);
    const auto out = static_cast<std::size_t>(upper.value.shape()[0]);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        double left = 0, right = 0;
        for (std::size_t o = 0; o < out; ++o) left += v[o * n + i] * gv[o * n + j];
        for (std::size_t k = 0; k < in; ++k) right += gw[i * in + k] * w[j * in + k];
        EXPECT_NEAR(left, right, 1e-14);
      }
    }
  }
}

TEST(NetworkTest, EachReluUnitBalancesItsIncomingAndOutgoingWeights) {
  // <incoming weights and bias, their gradients> = <outgoing weights, their gradients> for every
  // hidden unit.
  Network network(parse_spec("dense 6 > relu > dense 5 > relu > dense 3"), Shape{4}, in_double(16));
  network.plan(9);
  fill_normal(network.input(), 14);
  run_pass(network);
  for (std::size_t layer = 0; layer + 2 < network.params().size(); layer += 2) {
    const auto w = network.params()[layer]->value.as<double>();
    const auto gw = network.params()[layer]->grad.as<double>();
    const auto b = network.params()[layer + 1]->value.as<double>();
    const auto gb = network.params()[layer + 1]->grad.as<double>();
    const auto v = network.params()[layer + 2]->value.as<double>();
    const auto gv = network.params()[layer + 2]->grad.as<double>();
    const auto units = b.size(), in = w.size() / units, out = v.size() / units;
    for (std::size_t unit = 0; unit < units; ++unit) {
      double incoming = b[unit] * gb[unit], outgoing = 0;
      for (std::size_t i = 0; i < in; ++i) incoming += w[unit * in + i] * gw[unit * in + i];
      for (std::size_t o = 0; o < out; ++o) outgoing += v[o * units + unit] * gv[o * units + unit];
      EXPECT_NEAR(incoming, outgoing, 1e-14) << "layer " << layer / 2 << " unit " << unit;
    }
  }
}

TEST(NetworkTest, AScalarLinearChainHasTheProductOfTheOtherWeights) {
  // dJ/dw_l is the product of all other weights times dJ/dy times x, so w_l dJ/dw_l is the same
  // everywhere.
  Network network(parse_spec("7 x dense 1 bias=false"), Shape{1}, in_double());
  network.plan(1);
  network.input().as<double>()[0] = 1.5;
  const std::vector<double> weights{0.5, -1.2, 0.8, 2.0, -0.3, 1.1, 0.9};
  double product = 1.5;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    network.params()[i]->value.as<double>()[0] = weights[i];
    product *= weights[i];
  }
  ThreadPool pool(1);
  const Context context{Mode::train, 0, pool};
  EXPECT_NEAR(network.forward(context).as<double>()[0], product, 1e-15);
  network.output_gradient().as<double>()[0] = 1;
  network.backward(context);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const Param& param = *network.params()[i];
    EXPECT_NEAR(std::ldexp(param.grad.as<double>()[0], param.grad_log2_scale), product / weights[i],
                1e-14);
  }
}

TEST(NetworkTest, HalvingTheStepQuartersTheErrorOfCentralDifferences) {
  Network network(parse_spec("dense 5 > tanh > dense 5 > sigmoid > dense 3"), Shape{4},
                  in_double(17));
  network.plan(3);
  fill_normal(network.input(), 15);
  run_pass(network);
  const double exact = network.params()[0]->grad.as<double>()[2];
  double& weight = network.params()[0]->value.as<double>()[2];
  const double kept = weight;
  const auto error = [&](double h) {
    weight = kept + h;
    const double above = run_pass(network);
    weight = kept - h;
    const double below = run_pass(network);
    weight = kept;
    return (above - below) / (2 * h) - exact;
  };
  for (const double h : {0.2, 0.1, 0.05}) EXPECT_NEAR(error(h) / error(h / 2), 4, 0.1) << h;
}

TEST(NetworkTest, AWeightGradientIsAnOuterProductAtBatchOne) {
  Network network(parse_spec("dense 5 > tanh > dense 3"), Shape{4}, in_double(14));
  network.plan(1);
  fill_normal(network.input(), 12);
  FlowKeeper keeper;
  run_pass(network, &keeper);
  const double x_norm = std::sqrt(dot(network.input_view(), network.input_view()));
  const double delta_norm = std::exp2(keeper.flow.at("0")) * std::sqrt(5.0);
  const Param& weight = *network.params().front();
  const double grad_norm =
      std::ldexp(std::sqrt(dot(weight.grad.view(), weight.grad.view())), weight.grad_log2_scale);
  EXPECT_NEAR(grad_norm, x_norm * delta_norm, 1e-14);
}

TEST(NetworkTest, InitialWeightsDependOnSeedAndNameAlone) {
  const Network a(parse_spec("dense 4 > tanh > dense 3"), Shape{4}, in_double(1));
  const Network b(parse_spec("dense 4 > relu > dense 3"), Shape{4}, in_double(1));
  const Network c(parse_spec("dense 4 > relu > dense 3"), Shape{4}, in_double(2));
  const auto weight = [](const Network& network) {
    const auto values = network.params()[0]->value.as<double>();
    return std::vector<double>(values.begin(), values.end());
  };
  EXPECT_EQ(weight(a), weight(b));
  EXPECT_NE(weight(b), weight(c));
}

TEST(NetworkTest, TwoPassesWithoutZeroGradAddUp) {
  Network network(parse_spec("90 x [dense 6 > sigmoid] > dense 3"), Shape{4}, in_double(15));
  network.plan(2);
  fill_normal(network.input(), 13);
  run_pass(network);
  std::vector<double> once;
  for (const Param* param : network.params())
    once.push_back(log2_rms(param->grad.view()) + param->grad_log2_scale);
  ThreadPool pool(1);
  const Context context{Mode::train, 0, pool};
  const auto labels = labels_for(2, 3);
  make_loss("cross_entropy")
      ->gradient(network.forward(context), {labels, {}}, network.output_gradient());
  network.backward(context);
  for (std::size_t i = 0; i < network.params().size(); ++i) {
    const Param& param = *network.params()[i];
    EXPECT_NEAR(log2_rms(param.grad.view()) + param.grad_log2_scale, once[i] + 1, 1e-9);
  }
}

TEST(NetworkTest, DeltaOrthogonalConvolutionsKeepTheNormOfImagesAndGradientsAtAnyDepth) {
  for (const bool delta : {true, false}) {
    NetworkOptions options = in_double();
    options.weight_init = parse_init(delta ? "delta_orthogonal" : "orthogonal");
    options.bias_init = parse_init("zeros");
    Network network(parse_spec("100 x conv 6 3x3"), Shape{6, 5, 4}, options);
    network.plan(2);
    fill_normal(network.input(), 3);
    fill_normal(network.output_gradient(), 4);
    ThreadPool pool(1);
    const Context context{Mode::train, 0, pool};
    FlowKeeper keeper;
    const double x = log2_rms(network.input()), g = log2_rms(network.output_gradient());
    const double y = log2_rms(network.forward(context));
    network.zero_grad();
    network.backward(context, &keeper);
    if (delta) {
      EXPECT_NEAR(y, x, 1e-12);
      for (const auto& [path, flow] : keeper.flow) EXPECT_NEAR(flow, g, 1e-12) << path;
    } else {
      EXPECT_GT(std::abs(keeper.flow.at("input") - g), 1);  // taps overlap: no isometry
    }
  }
}

/// Tells the largest magnitude of each gradient, or `wrong` in its place.
struct Knowing : PassObserver {
  explicit Knowing(std::optional<double> instead = std::nullopt) : wrong(instead) {}
  void on_gradient(const Node& node, ConstView grad_y, int log2_scale) override {
    largest = static_cast<double>(abs_max(grad_y.as<float>()));
    scales[node.path] = log2_scale;
  }
  std::optional<double> largest_in_gradient() const override { return wrong ? wrong : largest; }
  std::optional<double> wrong, largest;
  std::map<std::string, int> scales;
};

TEST(NetworkTest, TakesTheLargestOfAGradientFromAnObserverThatKnowsIt) {
  const auto run = [](PassObserver& observer) {
    NetworkOptions options;
    options.seed = 3;
    Network network(parse_spec("60 x [dense 8 > sigmoid] > res scale=1e-20[dense 8 > tanh] > "
                               "highway[dense 8] > dense 3"),
                    Shape{8}, options);
    network.plan(5);
    fill_normal(network.input(), 4);
    run_pass(network, &observer);
    std::vector<float> gradients;
    for (const Param* const param : network.params()) {
      for (const float value : param->grad.as<float>())
        gradients.push_back(std::ldexp(value, param->grad_log2_scale + 60));
    }
    return gradients;
  };
  PassObserver silent;
  Knowing knowing, mistaken(1.0);
  const std::vector<float> expected = run(silent);
  EXPECT_EQ(run(knowing), expected);
  EXPECT_LT(knowing.scales.at("0"), -40);
  run(mistaken);
  EXPECT_EQ(mistaken.scales.at("0"), 0);  // it was not looked for again
}

/// Copies each gradient when it is ready.
struct Copies : GradientReady {
  void on_gradients(const Node& node) override {
    for (const Param& param : node.params()) {
      const auto values = param.grad.as<float>();
      of[node.path + "." + param.name].assign(values.begin(), values.end());
      scales.push_back(param.grad_log2_scale);
    }
  }
  std::map<std::string, std::vector<float>> of;
  std::vector<int> scales;
};

TEST(NetworkTest, SharedGradientsAreWholeWhenTheyAreReady) {
  NetworkOptions options;
  options.seed = 5;
  const auto make = [&](const char* text, const Shape& x) {
    Network network(parse_spec(text), x, options);
    return network;
  };
  const auto run = [](Network& network) {
    network.plan(4);
    fill_normal(network.input(), 6);
    ThreadPool pool(1);
    const Context context{Mode::train, 0, pool};
    Copies copies;
    const auto labels = labels_for(network.batch(), network.output_row_shape()[0]);
    for (int pass = 0; pass < 2; ++pass) {
      network.zero_grad();
      make_loss("cross_entropy")
          ->gradient(network.forward(context), {labels, {}}, network.output_gradient());
      network.backward(context, nullptr, &copies);
    }
    return copies;
  };
  const std::pair<const char*, Shape> cases[] = {
      {"dense 5 > prelu > 20 x [dense 5 > sigmoid] > res alpha=0.3[dense 5 > tanh] > "
       "highway[dense 5] > res proj[dense 7] > dense 3",
       {4}},
      {"conv 3 3x3 > bn > relu > res proj=bn[conv 4 3x3 stride=2] > ln > gap > dense 3", {2, 6, 6}},
      {"lstm 4 > gru 3 bidirectional > rnn 5 > last > dense 3", {6, 2}},
  };
  for (const auto& [text, x] : cases) {
    SCOPED_TRACE(text);
    Network own = make(text, x), shared = make(text, x), again = make(text, x);
    shared.share_gradients();
    again.share_gradients();
    again.keep_gradients();
    const Copies expected = run(own), found = run(shared);
    EXPECT_EQ(expected.of.size(), own.params().size());
    EXPECT_EQ(found.of, expected.of);
    EXPECT_EQ(found.scales, expected.scales);
    EXPECT_EQ(run(again).of, expected.of);
    for (std::size_t i = 0; i < own.params().size(); ++i) {
      const auto kept = own.params()[i]->grad.as<float>();
      const auto kept_again = again.params()[i]->grad.as<float>();
      EXPECT_TRUE(std::equal(kept.begin(), kept.end(), kept_again.begin(), kept_again.end()));
    }
    EXPECT_EQ(shared.params().front()->grad.view().data,
              shared.params()[shared.params().size() - 2]->grad.view().data);
  }
}

}  // namespace
}  // namespace plumb
