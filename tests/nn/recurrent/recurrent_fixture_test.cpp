// SPDX-License-Identifier: Apache-2.0
// Recurrent networks whose numbers are known: a deterministic family computed with PyTorch 1.13 in
// float64, closed forms, and the published behaviour of gradients through time.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "plumb/nn/graph/network.h"
#include "plumb/nn/loss.h"
#include "tests/support/lcg.h"
#include "tests/support/time_recorder.h"

namespace plumb::testing {
namespace {

using Q = TimeQuantity;

Network make(const std::string& text, const Shape& row, std::int64_t batch,
             DType dtype = DType::f64, std::uint64_t seed = 1) {
  NetworkOptions options;
  options.dtype = dtype;
  options.seed = seed;
  Network network(parse_spec(text), row, options);
  network.plan(batch);
  return network;
}

Tensor& value(Network& network, std::size_t i) { return network.params()[i]->value; }

void fill(Tensor& tensor, double v) {
  dispatch(tensor.dtype(),
           [&]<class T>(T) { std::ranges::fill(tensor.as<T>(), static_cast<T>(v)); });
}
void set(Tensor& tensor, const std::vector<double>& values) {
  dispatch(tensor.dtype(), [&]<class T>(T) {
    for (std::size_t i = 0; i < values.size(); ++i) tensor.as<T>()[i] = static_cast<T>(values[i]);
  });
}

/// Forward, grad_y as given, backward.
TimeRecorder pass(Network& network, const std::vector<double>& grad_y) {
  ThreadPool pool(1);
  TimeRecorder recorder;
  PassObserver input_too;
  const Context context{.pool = pool, .time = &recorder};
  network.forward(context);
  dispatch(network.dtype(), [&]<class T>(T) {
    const auto g = network.output_gradient().as<T>();
    for (std::size_t i = 0; i < g.size(); ++i) g[i] = static_cast<T>(grad_y[i]);
  });
  network.zero_grad();
  network.backward(context, &input_too);
  return recorder;
}

double frobenius(ConstView v) { return std::sqrt(dot(v, v)); }

struct Family {
  std::string layer;
  double forget_bias;
  double loss;
  Q quantity;
  std::vector<double> norms;  ///< of the quantity at t = 1, 10, 20, 30
  double grad_hh;
  double grad_ih;  ///< 0: not known
};

class FamilyTest : public ::testing::TestWithParam<Family> {};

TEST_P(FamilyTest, LossAndGradientsThroughTimeAreThoseOfPyTorch) {
  const Family& f = GetParam();
  const std::int64_t steps = 30, batch = 3;
  Network network = make(f.layer + " > last > dense 2 bias=false", {steps, 2}, batch);
  test::Lcg lcg(11);
  std::vector<double> x(static_cast<std::size_t>(steps * batch * 2));
  lcg.fill(std::span(x), 1);  // [steps, batch, 2]
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t t = i / 6, b = i / 2 % 3;
    network.input().as<double>()[(b * 30 + t) * 2 + i % 2] = x[i];
  }
  Tensor target({batch, 2}, DType::f64);
  lcg.fill(target.as<double>(), 1);
  lcg.fill(value(network, 0).as<double>(), std::sqrt(1.5));
  lcg.fill(value(network, 1).as<double>(), std::sqrt(0.5));
  lcg.fill(value(network, 2).as<double>(), 0.1);
  fill(value(network, 3), 0);
  for (std::size_t i = 6; i < 12 && f.forget_bias != 0; ++i) {
    value(network, 2).as<double>()[i] += f.forget_bias;
  }
  lcg.fill(value(network, 4).as<double>(), std::sqrt(0.5));

  ThreadPool pool(1);
  TimeRecorder recorded;
  const Context context{.pool = pool, .time = &recorded};
  const double loss = make_loss("mse")->gradient(network.forward(context), {{}, target.view()},
                                                 network.output_gradient());
  network.backward(context);
  EXPECT_NEAR(loss, f.loss, 1e-10 * f.loss);
  const std::vector<std::int64_t> times{0, 9, 19, 29};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(recorded.at(times[i], f.quantity).norm() / f.norms[i], 1, 1e-10) << times[i];
  }
  const auto norm = [&](std::size_t i) {
    return std::ldexp(frobenius(network.params()[i]->grad.view()),
                      network.params()[i]->grad_log2_scale);
  };
  EXPECT_NEAR(norm(1) / f.grad_hh, 1, 1e-10);
  if (f.grad_ih != 0) {
    EXPECT_NEAR(norm(0) / f.grad_ih, 1, 1e-10);
  }
}

INSTANTIATE_TEST_SUITE_P(All, FamilyTest,
                         ::testing::Values(Family{"rnn 6",
                                                  0,
                                                  5.461991804317939e-1,
                                                  Q::grad_h,
                                                  {4.967228433409235e-5, 7.310265674148801e-4,
                                                   1.661799137024274e-2, 7.241146628245750e-1},
                                                  8.408765586276422e-1,
                                                  5.755645420559181e-1},
                                           Family{"rnn 6 act=relu",
                                                  0,
                                                  2.109145855667127,
                                                  Q::grad_h,
                                                  {1.287085162147149e-6, 3.795876434678874e-5,
                                                   7.540486938193818e-3, 1.426813204120259},
                                                  4.384452708529830,
                                                  0},
                                           Family{"lstm 6",
                                                  0,
                                                  5.426461994700387e-1,
                                                  Q::grad_c,
                                                  {1.573030061437958e-7, 8.878478509254774e-6,
                                                   1.870320371725232e-3, 2.745815351263386e-1},
                                                  3.663268344660289e-2,
                                                  0},
                                           Family{"lstm 6",
                                                  1,
                                                  5.337989848228352e-1,
                                                  Q::grad_c,
                                                  {1.277032303736218e-3, 6.195339003459433e-3,
                                                   3.165597537184515e-2, 2.807819346896181e-1},
                                                  8.557715722923902e-2,
                                                  0}));

TEST(RecurrentLawTest, ATiedWeightHasTheFactorT) {
  // h_t = w h_{t-1}, started by x_0 = 0.7 through W_ih = 1: dh_t/dw = t x_0 w^(t-1).
  for (const double w : {0.5, 0.9, 1.1}) {
    const std::int64_t steps = 41;
    Network network = make("rnn 1 act=identity bias=false > last", {steps, 1}, 1);
    set(value(network, 0), {1});
    set(value(network, 1), {w});
    network.input().as<double>()[0] = 0.7;
    pass(network, {1});
    const Param& hh = *network.params()[1];
    EXPECT_NEAR(
        std::ldexp(hh.grad.as<double>()[0], hh.grad_log2_scale) / (40 * 0.7 * std::pow(w, 39)), 1,
        1e-13);
  }
}

/// The spectral norm of a 2 x 2 matrix.
double spectral_norm(double a, double b, double c, double d) {
  const double sum = a * a + b * b + c * c + d * d, det = a * d - b * c;
  return std::sqrt((sum + std::sqrt(std::max(0.0, sum * sum - 4 * det * det))) / 2);
}

TEST(RecurrentLawTest, ANonNormalMatrixAmplifiesBeforeItForgets) {
  // W = [[.9, 10], [0, .9]] has spectral radius .9, and yet the gradient grows up to 9 steps.
  const std::vector<std::pair<std::int64_t, double>> norms{{5, 32.8156253785},  {9, 38.7459227175},
                                                           {10, 38.7451867518}, {20, 27.0175814373},
                                                           {50, 2.8632177253},  {100, .0295126893}};
  Network network = make("rnn 2 act=identity bias=false > last", {101, 1}, 2);
  set(value(network, 1), {.9, 10, 0, .9});
  const TimeRecorder recorded = pass(network, {1, 0, 0, 1});  // row b of the Jacobian in sample b
  for (const auto& [k, norm] : norms) {
    const auto& g = recorded.at(100 - k, Q::grad_h);
    EXPECT_NEAR(spectral_norm(g.value(0), g.value(1), g.value(2), g.value(3)), norm, 1e-9);
  }
}

TEST(RecurrentLawTest, TheWallOfPascanu) {
  // x_t = w s(x_{t-1}) + b, x_0 = .5, E = (s(x_50) - .7)^2; with h = s(x) it is a sigmoid rnn:
  // h_t = s(w h_{t-1} + b), 50 steps after h_0 = s(.5).
  struct Point {
    double w, b, error, by_w, by_b, digits;
  };
  for (const Point& p :
       {Point{5, -2, .055585494119594193, .037918343504563506, .040521191391864201, 1e-13},
        Point{5, -2.5, .024088868813358221, .086311669477128256, .10092501763686785, 1e-12},
        Point{4.65, -2.395, .093841368324525126, -216.07077559969217, -349.51136400253203, 1e-10},
        Point{4.65, -2.39, .0019240885436974134, .19852478473435489, .28751623293385989, 1e-10},
        Point{4.65, -2.40, .29070906827547382, -.074522454152360504, -.41056650423402689, 1e-10}}) {
    Network network = make("rnn 1 act=sigmoid > last", {51, 1}, 1);
    // The first step makes s(.5) by its input; the others take b, also by their input.
    set(value(network, 0), {1});
    set(value(network, 1), {p.w});
    fill(value(network, 2), 0);
    fill(value(network, 3), 0);
    const auto x = network.input().as<double>();
    std::ranges::fill(x, p.b);
    x[0] = .5;
    ThreadPool pool(1);
    const Context context{.pool = pool};
    const double h = network.forward(context).as<double>()[0];
    EXPECT_NEAR((h - .7) * (h - .7) / p.error, 1, p.digits);
    const TimeRecorder recorded = pass(network, {2 * (h - .7)});
    const Param &hh = *network.params()[1], &bias = *network.params()[2];
    EXPECT_NEAR(std::ldexp(hh.grad.as<double>()[0], hh.grad_log2_scale) / p.by_w, 1, p.digits);
    // b acts at the fifty steps after the first.
    const double by_b = std::ldexp(bias.grad.as<double>()[0], bias.grad_log2_scale) -
                        recorded.at(0, Q::grad_z).value(0);
    EXPECT_NEAR(by_b / p.by_b, 1, p.digits);
  }
}

TEST(RecurrentLawTest, ASmallSpectralNormBoundsTheGradientThroughTime) {
  // tanh with ||W||_2 = .95: ||dh_T/dh_(T-t)|| <= .95^t, Pascanu et al. 2013, eq. 7.
  const std::int64_t units = 50, steps = 40;
  Network network = make("rnn 50 recurrent=orthogonal gain=0.95 > last", {steps, 3}, 50);
  test::Lcg lcg(5);
  lcg.fill(network.input().as<double>(), 1);
  std::vector<double> grad(static_cast<std::size_t>(units * units), 0);
  for (std::int64_t i = 0; i < units; ++i) grad[static_cast<std::size_t>(i * units + i)] = 1;
  const TimeRecorder recorded = pass(network, grad);
  for (std::int64_t t = 0; t < steps; ++t) {
    const auto& g = recorded.at(t, Q::grad_h);
    for (std::size_t b = 0; b < 50; ++b) {
      double sum = 0;
      for (std::size_t k = 0; k < 50; ++k) sum += g.value(b * 50 + k) * g.value(b * 50 + k);
      EXPECT_LE(std::sqrt(sum), std::pow(.95, static_cast<double>(steps - 1 - t)) * (1 + 1e-12));
    }
  }
}

TEST(RecurrentLawTest, AScaledRotationGivesItsScaleToThePowerOfTheSteps) {
  for (const auto& [s, steps, factor] :
       {std::tuple{0.9, 100, 2.656e-5}, std::tuple{0.99, 784, 3.784361e-4},
        std::tuple{1.01, 784, 2443.188894}, std::tuple{1.1, 100, 13780.612340}}) {
    Network network = make(
        "rnn 8 act=identity bias=false recurrent=orthogonal gain=" + std::to_string(s) + " > last",
        {steps + 1, 1}, 1);
    std::vector<double> grad(8, 0);
    grad[3] = 1;
    const TimeRecorder recorded = pass(network, grad);
    EXPECT_NEAR(recorded.at(0, Q::grad_h).norm() / std::pow(s, steps), 1, 1e-11);
    EXPECT_NEAR(recorded.at(0, Q::grad_h).norm() / factor, 1, 2e-4);
  }
}

TEST(RecurrentLawTest, TheForgetGateIsTheMemory) {
  // All weights 0 but the forget bias: dc_T/dc_(T-k) = f^k.
  for (const auto& [bias, f, k, power] : {std::tuple{0.0, 0.5, 10, 9.765625e-4},
                                          std::tuple{1.0, .731058578630005, 10, .0436035427941},
                                          std::tuple{1.0, .731058578630005, 100, 2.484e-14},
                                          std::tuple{2.0, .880797077977882, 10, .281033862321},
                                          std::tuple{5.0, .993307149075715, 100, .510923784856}}) {
    Network network = make("lstm 1 forget_bias=" + std::to_string(bias) + " > last", {k + 1, 1}, 1);
    for (std::size_t i = 0; i < 2; ++i) fill(value(network, i), 0);
    const double kept = value(network, 2).as<double>()[1];
    EXPECT_DOUBLE_EQ(kept, bias);
    fill(value(network, 2), 0);
    fill(value(network, 3), 0);
    value(network, 2).as<double>()[1] = kept;
    const TimeRecorder recorded = pass(network, {1});
    EXPECT_NEAR(recorded.at(0, Q::forget_gate).value(0), f, 1e-15);
    const double ratio = recorded.at(0, Q::grad_c).value(0) / recorded.at(k, Q::grad_c).value(0);
    EXPECT_NEAR(ratio / std::pow(f, k), 1, 1e-12);
    EXPECT_NEAR(ratio / power, 1, 1e-3);
  }
}

TEST(RecurrentLawTest, ChronoSpreadsTheMemoriesUpToItsTime) {
  // f = u / (1 + u) with u ~ U[1, T - 1]: memories 1 / (1 - f) = 1 + u, 1 + T / 2 on average.
  for (const std::string layer : {"lstm", "gru"}) {
    const Network network = make(layer + " 4000 chrono=784", {1, 1}, 1, DType::f64, 7);
    const auto bias = std::as_const(network.params()[2]->value).as<double>();
    const auto other = std::as_const(network.params()[3]->value).as<double>();
    double mean = 0, largest = 0;
    for (std::size_t i = 4000; i < 8000; ++i) {
      const double memory = 1 + std::exp(bias[i]);
      EXPECT_EQ(other[i], 0);
      mean += memory / 4000;
      largest = std::max(largest, memory);
      if (layer == "lstm") {
        EXPECT_EQ(bias[i - 4000], -bias[i]);
      }
    }
    EXPECT_NEAR(mean, 393, 393 * 0.02);
    EXPECT_LE(largest, 784);
    EXPECT_GE(largest, 780);
  }
}

TEST(RecurrentLawTest, TheIdentityRnnStartsAsAnIntegrator) {
  const Network network = make("rnn 40 irnn", {1, 30}, 1);
  const auto hh = std::as_const(network.params()[1]->value).as<double>();
  for (std::size_t i = 0; i < hh.size(); ++i) EXPECT_EQ(hh[i], i % 41 == 0 ? 1.0 : 0.0);
  for (const std::size_t bias : {2u, 3u}) {
    for (const double b : std::as_const(network.params()[bias]->value).as<double>())
      EXPECT_EQ(b, 0);
  }
  const ConstView ih = std::as_const(network.params()[0]->value).view();
  EXPECT_NEAR(std::sqrt(dot(ih, ih) / 1200), 0.001, 0.0001);
}

TEST(RecurrentLawTest, TheUsualStartIsThatOfTorch) {
  const Network network = make("lstm 64 bidirectional", {1, 30}, 1);
  ASSERT_EQ(network.params().size(), 8u);
  for (const Param* param : network.params()) {
    const ConstView v = std::as_const(param->value).view();
    EXPECT_LE(abs_max(v.as<double>()), 0.125) << param->name;
    EXPECT_GE(abs_max(v.as<double>()), 0.12) << param->name;
    EXPECT_NEAR(log2_rms(v), std::log2(0.125 / std::sqrt(3)), 0.1) << param->name;
  }
  EXPECT_NE(value(const_cast<Network&>(network), 0).as<double>()[0],
            value(const_cast<Network&>(network), 4).as<double>()[0]);
}

/// log2 of the true magnitude of dLoss/dh_t of a layer of one unit with small h is t log2(w), far
/// beyond what the type can hold.
template <class T>
void expect_true_at_every_step(double w, const std::string& act) {
  const std::int64_t steps = 2000;
  Network network = make("rnn 1 bias=false act=" + act + " > last", {steps, 1}, 1, kDTypeOf<T>);
  set(value(network, 0), {1});
  set(value(network, 1), {w});
  const TimeRecorder recorded = pass(network, {1});
  const double log2_w = std::log2(static_cast<double>(static_cast<T>(w)));
  for (std::int64_t t = 0; t < steps; ++t) {
    EXPECT_NEAR(recorded.at(t, Q::grad_h).log2_rms, static_cast<double>(steps - 1 - t) * log2_w,
                1e-3 + 1e-6 * static_cast<double>(steps - t));
  }
  for (const Param* param : network.params()) {
    EXPECT_TRUE(std::isfinite(log2_rms(param->grad.view())) || abs_max(param->grad.as<T>()) == 0);
  }
}

TEST(RecurrentLawTest, TwoThousandStepsThatVanishAreTrueAtEveryStep) {
  expect_true_at_every_step<float>(0.1, "tanh");
  expect_true_at_every_step<double>(0.1, "tanh");
  expect_true_at_every_step<double>(0.001, "tanh");
}

TEST(RecurrentLawTest, TwoThousandStepsThatExplodeAreTrueAtEveryStep) {
  expect_true_at_every_step<float>(3, "tanh");  // at h = 0 the slope of tanh is 1
  expect_true_at_every_step<double>(3, "tanh");
  expect_true_at_every_step<double>(1000, "identity");
}

TEST(RecurrentLawTest, AnExplodedGradientReachesParametersAndInputWithItsScale) {
  // h_t = 4 h_{t-1} + x_t in float, T = 300: dL/dx_0 = 2^598 and dL/dW_ih = sum x_t 2^(2 (299 -
  // t)).
  Network network =
      make("identity > rnn 1 act=identity bias=false > last", {300, 1}, 1, DType::f32);
  set(value(network, 0), {1});
  set(value(network, 1), {4});
  network.input().as<float>()[1] = 1;  // x_1
  struct Keep : PassObserver {
    void on_gradient(const Node& node, ConstView grad_y, int log2_scale) override {
      if (node.kind() == "identity")
        log2 = std::log2(static_cast<double>(grad_y.as<float>()[0])) + log2_scale;
    }
    double log2 = 0;
  } keep;
  ThreadPool pool(1);
  const Context context{.pool = pool};
  network.forward(context);
  network.output_gradient().as<float>()[0] = 1;
  network.zero_grad();
  network.backward(context, &keep);
  EXPECT_EQ(keep.log2, 598);
  const Param& ih = *network.params()[0];
  EXPECT_EQ(log2_rms(ih.grad.view()) + ih.grad_log2_scale, 596);
  // And accumulates: the same pass again doubles it.
  network.backward(context, &keep);
  EXPECT_EQ(log2_rms(ih.grad.view()) + ih.grad_log2_scale, 597);
  EXPECT_EQ(keep.log2, 598);
}

}  // namespace
}  // namespace plumb::testing
