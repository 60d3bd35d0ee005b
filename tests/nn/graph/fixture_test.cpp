// SPDX-License-Identifier: Apache-2.0
// Deterministic networks without randomness, whose losses and gradient norms were computed with
// PyTorch 1.13 in float64 (the tanh case of F1 also with hand-written numpy backpropagation and
// finite differences).
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <map>

#include "plumb/nn/graph/network.h"
#include "plumb/nn/loss.h"
#include "plumb/stats/magnitude.h"
#include "tests/support/lcg.h"

namespace plumb {
namespace {

/// Norms of the gradients of one backward pass: dLoss/dz and dLoss/dweight of the linear layers,
/// input side first.
struct Norms {
  double loss = 0;
  std::vector<double> grad_z;
  std::vector<double> grad_weight;
  std::vector<double> grad_bias;
  std::vector<double> first_grad_weight;
};

double true_norm(ConstView values, int log2_scale) {
  return std::ldexp(std::sqrt(dot(values, values)), log2_scale);
}

class NormKeeper : public PassObserver {
 public:
  void on_gradient(const Node& node, ConstView grad_y, int log2_scale) override {
    if (node.family() == LayerFamily::linear) {
      grad_z.insert(grad_z.begin(), true_norm(grad_y, log2_scale));
    }
  }
  std::vector<double> grad_z;
};

struct Fixture {
  std::string network;
  Shape inputs;
  std::int64_t batch;
  std::int64_t classes;
  std::uint64_t seed;
  double gain;
  double bias;
  double conv_gain = 1;
  std::int64_t label_step = 1;  ///< sample i is of class i * label_step mod classes
};

Norms run(const Fixture& fixture, DType dtype) {
  NetworkOptions options;
  options.dtype = dtype;
  Network network(parse_spec(fixture.network), fixture.inputs, options);
  network.plan(fixture.batch);
  test::Lcg lcg(fixture.seed);
  const auto fill = [&](View values, double a) {
    dispatch(dtype, [&](auto zero) { lcg.fill(values.as<decltype(zero)>(), a); });
  };
  fill(network.input(), 1);
  for (Param* param : network.params()) {
    const bool is_bias = param->name == "bias";
    const bool is_dense = param->value.shape().rank() == 2;
    const double gain = is_dense ? fixture.gain : fixture.conv_gain;
    fill(param->value.view(),
         is_bias ? fixture.bias : gain * std::sqrt(3.0 / static_cast<double>(param->fan_in)));
  }
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < fixture.batch; ++i) {
    labels.push_back(static_cast<std::int32_t>(i * fixture.label_step % fixture.classes));
  }

  ThreadPool pool(1);
  const Context context{Mode::train, 0, pool};
  NormKeeper keeper;
  Norms norms;
  norms.loss = make_loss("cross_entropy")
                   ->gradient(network.forward(context), {labels, {}}, network.output_gradient());
  network.backward(context, &keeper);
  norms.grad_z = keeper.grad_z;
  for (const Param* param : network.params()) {
    const double norm = true_norm(param->grad.view(), param->grad_log2_scale);
    (param->name == "bias" ? norms.grad_bias : norms.grad_weight).push_back(norm);
  }
  const Param& first = *network.params().front();
  dispatch(dtype, [&](auto zero) {
    for (const auto value : first.grad.as<decltype(zero)>()) {
      norms.first_grad_weight.push_back(
          std::ldexp(static_cast<double>(value), first.grad_log2_scale));
    }
  });
  return norms;
}

void expect_near(const std::vector<double>& actual, const std::vector<double>& expected,
                 double relative) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    EXPECT_NEAR(actual[i], expected[i], relative * std::abs(expected[i])) << "layer " << i + 1;
  }
}

struct F1Case {
  const char* activation;
  double loss;
  std::array<double, 4> grad_weight;
  std::array<double, 4> grad_z;
};

constexpr F1Case kF1[]{
    {"identity",
     1.07126983736854,
     {2.429584707854e-1, 2.902035563572e-1, 2.477897580917e-1, 3.126532842027e-1},
     {2.781996719081e-1, 3.080660045465e-1, 3.193940093467e-1, 3.270816163606e-1}},
    {"sigmoid",
     1.1938845659683,
     {3.951864608649e-3, 1.452895704493e-2, 6.825874622146e-2, 3.102142199902e-1},
     {4.016506168918e-3, 2.018470047343e-2, 8.725710567542e-2, 3.500857503212e-1}},
    {"tanh",
     1.09435992072517,
     {1.320304393159e-1, 2.063027324820e-1, 1.895872890360e-1, 2.328393330367e-1},
     {1.731787570088e-1, 2.367034876781e-1, 2.912115038052e-1, 3.316681932574e-1}},
    {"relu",
     1.07427238839856,
     {9.390400361014e-2, 1.175793148019e-1, 8.006323731739e-2, 6.226362887151e-2},
     {9.215891481406e-2, 1.514155277897e-1, 2.799320209109e-1, 3.300530005942e-1}},
    {"gelu",
     1.08049038831699,
     {4.413005552768e-2, 6.446134826546e-2, 4.802778683949e-2, 5.031298950140e-2},
     {4.940379602037e-2, 8.155938570956e-2, 1.767787444535e-1, 3.302724140758e-1}},
};

Fixture f1(const std::string& activation) {
  return {"3 x [dense 5 > " + activation + "] > dense 3", Shape{4}, 6, 3, 1, 1.0, 0.1};
}

class FixtureTest : public testing::TestWithParam<DType> {
 protected:
  /// The published digits limit the double comparison, rounding the float one.
  double tolerance() const { return GetParam() == DType::f64 ? 1e-10 : 2e-5; }
};

TEST_P(FixtureTest, F1LossesAndGradientNormsAgree) {
  for (const F1Case& expected : kF1) {
    SCOPED_TRACE(expected.activation);
    const Norms norms = run(f1(expected.activation), GetParam());
    EXPECT_NEAR(norms.loss, expected.loss, tolerance() * expected.loss);
    expect_near(norms.grad_weight, {expected.grad_weight.begin(), expected.grad_weight.end()},
                tolerance());
    expect_near(norms.grad_z, {expected.grad_z.begin(), expected.grad_z.end()}, tolerance());
  }
}

TEST_P(FixtureTest, F1TanhBiasGradientsAndOneWeightGradientAgree) {
  const Norms norms = run(f1("tanh"), GetParam());
  expect_near(norms.grad_bias,
              {2.834217281941e-2, 3.392979384753e-2, 2.730232694796e-2, 2.949126685402e-2},
              tolerance());
  constexpr double kExpected = .02536021654417876;  // row 2, column 1
  EXPECT_NEAR(norms.first_grad_weight[2 * 4 + 1], kExpected, tolerance() * kExpected);
}

struct F2Case {
  const char* activation;
  double gain;
  double loss;
  std::map<int, double> grad_weight;  ///< by layer, from 1
  std::map<int, double> grad_z;
};

const std::vector<F2Case>& f2_cases() {
  static const std::vector<F2Case> cases{
      {"sigmoid",
       1.0,
       1.46565791822206,
       {{1, 3.037234999929e-13},
        {6, 2.364889534487e-10},
        {11, 3.037578057293e-7},
        {16, 2.767288344121e-4},
        {21, 3.686194005613e-1}},
       {{1, 1.178485406057e-13}, {11, 1.693824596073e-7}, {21, 3.126489157708e-1}}},
      {"relu",
       std::sqrt(2.0),
       1.47254573653438,
       {{1, 2.516225354743e-1},
        {6, 4.479805849113e-1},
        {11, 6.061096180054e-1},
        {16, 2.913742755918e-1},
        {21, 4.506774809078e-1}},
       {{1, 1.101942523777e-1}, {11, 1.632880502311e-1}, {21, 3.161627564818e-1}}},
      {"identity",
       1 / std::sqrt(3.0),
       1.38629619507569,
       {{1, 1.529215777606e-5},
        {6, 1.228063466954e-5},
        {11, 9.392178259552e-6},
        {16, 4.875664644533e-6},
        {21, 6.973876264056e-6}},
       {{1, 6.469754354581e-6}, {11, 1.255041192561e-3}, {21, 3.061864050263e-1}}},
  };
  return cases;
}

TEST_P(FixtureTest, F2TwentyHiddenLayersAgree) {
  for (const F2Case& expected : f2_cases()) {
    SCOPED_TRACE(expected.activation);
    const Norms norms = run({"20 x [dense 16 > " + std::string(expected.activation) + "] > dense 4",
                             Shape{16}, 8, 4, 7, expected.gain, 0.0},
                            GetParam());
    EXPECT_NEAR(norms.loss, expected.loss, tolerance() * expected.loss);
    // A hair from the optimum the logits' tiny differences carry the gradient, so float loses
    // digits.
    const double relative = GetParam() == DType::f64 ? 1e-10 : 2e-3;
    for (const auto& [layer, value] : expected.grad_weight) {
      EXPECT_NEAR(norms.grad_weight[static_cast<std::size_t>(layer - 1)], value, relative * value)
          << "weight gradient of layer " << layer;
    }
    for (const auto& [layer, value] : expected.grad_z) {
      EXPECT_NEAR(norms.grad_z[static_cast<std::size_t>(layer - 1)], value, relative * value)
          << "flow gradient of layer " << layer;
    }
  }
}

// The convolutions' weights are drawn with limits sqrt(6 / fan_in), so gain sqrt 2, the dense one's
// with sqrt(3 / fan_in).
TEST_P(FixtureTest, F4PlainConvolutionalNetworkAgrees) {
  const Norms norms = run({"conv 4 3x3 > relu > conv 4 3x3 > relu > conv 5 3x3 stride=2 > relu > "
                           "gap > dense 3",
                           Shape{3, 8, 8}, 2, 3, 21, 1.0, 0.05, std::sqrt(2.0), 2},
                          GetParam());
  EXPECT_NEAR(norms.loss, 9.607202329084126e-1, tolerance());
  expect_near(
      norms.grad_weight,
      {2.150593946157737e-1, 3.094849821823299e-1, 2.987185128240578e-1, 1.198055097842796e-1},
      tolerance());
}

TEST_P(FixtureTest, F4BatchNormalisedConvolutionalNetworkAgrees) {
  const std::string norm = "bn affine=false > relu";
  const Norms norms = run({"conv 4 3x3 > " + norm + " > conv 4 3x3 > " + norm +
                               " > conv 5 3x3 stride=2 > " + norm + " > gap > dense 3",
                           Shape{3, 8, 8}, 2, 3, 21, 1.0, 0.05, std::sqrt(2.0), 2},
                          GetParam());
  EXPECT_NEAR(norms.loss, 8.156704094062287e-1, tolerance());
  const std::vector<double> weights(norms.grad_weight.begin(), norms.grad_weight.begin() + 3);
  expect_near(weights, {4.213895574195632e-1, 3.382833764853780e-1, 3.420038220744452e-1},
              tolerance());
  // Batch normalisation takes out what a bias in front of it adds: that has no gradient but what
  // rounding leaves, which hangs on the order of the sums.
  ASSERT_EQ(norms.grad_bias.size(), 4u);
  for (std::size_t layer = 0; layer < 3; ++layer) {
    EXPECT_LT(norms.grad_bias[layer], GetParam() == DType::f64 ? 3e-16 : 2e-7);
  }
}

INSTANTIATE_TEST_SUITE_P(Precisions, FixtureTest, testing::Values(DType::f64, DType::f32),
                         [](const auto& test) {
                           return test.param == DType::f64 ? "Double" : "Float";
                         });

}  // namespace
}  // namespace plumb
