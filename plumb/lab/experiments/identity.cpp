// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "plumb/core/rng.h"
#include "plumb/lab/bench_network.h"
#include "plumb/lab/experiments/experiments.h"
#include "plumb/lab/fixture.h"
#include "plumb/lab/forward_mode.h"

namespace plumb::lab {

namespace {

constexpr const char* kThreeLayers = "dense 1 bias=false > dense 1 bias=false > dense 1 bias=false";

using Vector = std::vector<double>;

Target values(const Tensor& y) { return {{}, y.view()}; }

Tensor filled(const Shape& shape, double value) {
  Tensor tensor(shape, DType::f64);
  std::ranges::fill(tensor.as<double>(), value);
  return tensor;
}

/// (J(w + h) - J(w - h)) / 2h by one weight.
double central_difference(BenchNetwork& net, std::size_t param, std::size_t element,
                          const Target& target, double h) {
  double& w = net.param(param)[element];
  const double kept = w;
  w = kept + h;
  const double above = net.value("difference", target);
  w = kept - h;
  const double below = net.value("difference", target);
  w = kept;
  return (above - below) / (2 * h);
}

double dot(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

/// dJ/dw of one weight by forward mode; J is the sum of the outputs.
double forward_derivative(BenchNetwork& net, std::size_t param) {
  std::vector<Vector> direction;
  for (std::size_t i = 0; i < net.param_count(); ++i) {
    direction.emplace_back(net.param(i).size(), i == param ? 1.0 : 0.0);
  }
  net.forward();
  const Vector tangent = forward_mode(net.network(), direction);
  return std::accumulate(tangent.begin(), tangent.end(), 0.0);
}

void scalars(Result& result, const Settings& settings) {
  const double w1 = settings.number("w1", -100, 100), w2 = settings.number("w2", -100, 100);
  const double w3 = settings.number("w3", -100, 100), x = settings.number("x", -100, 100);
  const double y = settings.number("target", -100, 100);
  BenchNetwork net(kThreeLayers, 1, 1);
  net.param(0)[0] = w1;
  net.param(1)[0] = w2;
  net.param(2)[0] = w3;
  net.input()[0] = x;
  const Tensor wanted = filled(Shape{1, 1}, y);

  result.say(
      fmt::format("Three layers of one unit each, the identity as activation: A1 = W1 X, A2 = W2 "
                  "A1, y_hat = A3 "
                  "= W3 A2. With W = ({}, {}, {}) and X = {} the output is {}.",
                  number(w1), number(w2), number(w3), number(x), number(net.forward()[0])));
  result.near(7, "y_hat of the network", net.forward()[0], w3 * w2 * w1 * x, 1e-15,
              "the product W3 W2 W1 X");
  result.near(
      6, "A1 A2, by which the product of the activations A1 A2 A3 misses y_hat",
      net.network().nodes()[0].y.as<double>()[0] * net.network().nodes()[1].y.as<double>()[0],
      w1 * x * w2 * w1 * x, 1e-15, "A1 = W1 X, A2 = W2 A1");

  const Vector formula{w3 * w2 * x, w3 * w1 * x, w2 * w1 * x};
  const char* const text[] = {"W3 W2 X", "W3 W1 X", "W2 W1 X"};
  Table table{
      "dJ/dW of J = y_hat - y, found in four ways",
      {"weight", "formula", "its value", "backpropagation", "central difference", "forward mode"},
      {}};
  net.differentiate("difference", values(wanted));
  std::vector<double> backward;
  for (std::size_t i = 0; i < 3; ++i) backward.push_back(net.gradient(i)[0]);
  for (std::size_t i = 0; i < 3; ++i) {
    const double numeric = central_difference(net, i, 0, values(wanted), 1e-3);
    const double forward = forward_derivative(net, i);
    const std::string name = fmt::format("dJ/dW{}", i + 1);
    table.rows.push_back(
        {name, text[i], number(formula[i]), number(backward[i]), number(numeric), number(forward)});
    result.near(10, name + " by backpropagation", backward[i], formula[i], 1e-14, text[i]);
    // Linear in each weight: the difference is exact up to rounding, which the step magnifies.
    result.within(13, name + " by central differences", numeric, formula[i],
                  1e-11 * (1 + std::abs(formula[i] * x)), text[i]);
    result.near(5, name + " by forward mode", forward, formula[i], 1e-14, text[i]);
  }
  result.show(std::move(table));
  result.say(
      "All four agree: backpropagation is one way to compute the derivative, and every way gives "
      "the same number. A gradient that is small is small because the function hardly depends on "
      "the "
      "weight.");
}

void order(Result& result, const Settings& settings) {
  BenchNetwork net(kThreeLayers, 1, 1);
  const Vector w{settings.number("w1", -100, 100), settings.number("w2", -100, 100),
                 settings.number("w3", -100, 100)};
  for (std::size_t i = 0; i < 3; ++i) net.param(i)[0] = w[i];
  net.input()[0] = settings.number("x", -100, 100);
  net.keep_gradients(true);
  net.forward();
  net.backward(Vector{1});
  Table table{
      "In which order backpropagation works",
      {"visit", "layer", "needs from above", "delta = dJ/dZ", "makes dJ/dW = delta * input"},
      {}};
  const auto& seen = net.observed();
  for (std::size_t k = 0; k < 3; ++k) {
    const std::size_t layer = 2 - k;
    const std::string above =
        k == 0 ? "dJ/dy_hat = 1" : fmt::format("W{} * delta{}", layer + 2, layer + 2);
    table.rows.push_back({std::to_string(k + 1),
                          net.order()[k] == seen[layer].path ? std::to_string(layer + 1) : "?",
                          above, number(seen[layer].gradient[0]), number(net.gradient(layer)[0])});
  }
  result.show(std::move(table));
  result.say(
      "The last layer comes first and needs no gradient of another layer, only the activations of "
      "the forward pass. What travels down is delta, the derivative by the layer's output; dJ/dW "
      "is "
      "made of it on the spot and travels nowhere.");
  const auto visited = [&](std::size_t k) { return std::stod(net.order()[k]) + 1; };
  result.near(9, "the layer that backpropagation visits first", visited(0), 3, 0, "the chain rule");
  result.near(9, "the layer that it visits last", visited(2), 1, 0, "the chain rule");
  result.near(11, "delta1 over delta2: what one layer does to the signal",
              seen[0].gradient[0] / seen[1].gradient[0], w[1], 1e-14,
              "W2, without any dJ/dW in it");
}

void matrices(Result& result, const Settings& settings) {
  const std::int64_t n = settings.integer("width", 1, 64);
  const auto size = static_cast<std::size_t>(n);
  const std::string dense = fmt::format("dense {} bias=false", n);
  BenchNetwork net(repeat(3, dense), n, 1, "normal:1", 1, settings.seed());
  const Rng rng(settings.seed(), "lab/x");
  for (std::size_t i = 0; i < size; ++i) net.input()[i] = rng.normal(i);
  const Tensor wanted = filled(Shape{1, n}, 0);
  net.differentiate("difference", values(wanted));

  const auto w = [&](std::size_t layer, std::size_t row, std::size_t column) {
    return net.param(layer)[row * size + column];
  };
  // delta2 = W3^T 1, a1 = W1 x, and the product without transposes W3 1.
  Vector delta2(size), untransposed(size), a1(size);
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t k = 0; k < size; ++k) {
      delta2[i] += w(2, k, i);
      untransposed[i] += w(2, i, k);
      a1[i] += w(0, i, k) * net.input()[k];
    }
  }
  const Vector gradient = net.gradient(1);
  double worst = 0, as_written = 0, numeric_worst = 0, largest = 0;
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t k = 0; k < size; ++k) {
      const double g = gradient[i * size + k];
      largest = std::max(largest, std::abs(g));
      worst = std::max(worst, std::abs(g - delta2[i] * a1[k]));
      as_written = std::max(as_written, std::abs(g - untransposed[i] * a1[k]));
      const double numeric = central_difference(net, 1, i * size + k, values(wanted), 1e-3);
      numeric_worst = std::max(numeric_worst, std::abs(g - numeric));
    }
  }
  result.say(
      fmt::format("With {0} x {0} matrices the same formulas need an order and transposes: dJ/dW2 "
                  "= (W3^T 1) (W1 "
                  "X)^T, an outer product. Backpropagation differs from it by at most {1} (largest "
                  "entry {2}); the "
                  "formula read without the transpose of W3 is off by up to {3}.",
                  n, number(worst, 2), number(largest, 3), number(as_written, 3)));
  result.at_most(10, "largest |backpropagation - (W3^T 1)(W1 X)^T|", worst, 1e-13 * largest,
                 "the formula with transposes, to rounding");
  result.at_most(10, "largest |backpropagation - central difference|", numeric_worst,
                 1e-9 * largest, "the definition of a derivative");
  if (n > 1) {
    result.at_least(10, "largest error of the formula without the transpose", as_written,
                    1e-3 * largest, "matrices do not commute");
  }
}

/// y_hat after each step of gradient descent on the three weights.
Vector descend(const Settings& settings, std::string_view loss, std::size_t steps) {
  BenchNetwork net(kThreeLayers, 1, 1);
  for (std::size_t i = 0; i < 3; ++i)
    net.param(i)[0] = settings.number(fmt::format("w{}", i + 1), -100, 100);
  net.input()[0] = settings.number("x", -100, 100);
  const Tensor wanted = filled(Shape{1, 1}, settings.number("target", -100, 100));
  Vector y_hat;
  for (std::size_t step = 0; step <= steps; ++step) {
    net.differentiate(loss, values(wanted));
    y_hat.push_back(net.forward()[0]);
    if (std::abs(y_hat.back()) > 1e3) break;
    for (std::size_t i = 0; i < 3; ++i) net.param(i)[0] -= 0.05 * net.gradient(i)[0];
  }
  return y_hat;
}

void cost(Result& result, const Settings& settings) {
  constexpr std::size_t kSteps = 200;
  const double y = settings.number("target", -100, 100);
  const Vector plain = descend(settings, "difference", kSteps);
  const Vector squared = descend(settings, "mse", kSteps);
  Plot plot{"Gradient descent on y_hat - y, and on 1/2 (y_hat - y)^2",
            "The difference has no smallest value: descending it drives the output to minus "
            "infinity, past "
            "the target without noticing. The squared error stops at the target, where its "
            "gradient is zero.",
            PlotKind::line,
            {"step", false},
            {"y_hat", false},
            {},
            {}};
  const auto shown = [](const Vector& all) {
    Vector cut;
    for (const double v : all)
      cut.push_back(v < -10 ? std::numeric_limits<double>::quiet_NaN() : v);
    return cut;
  };
  const auto steps_of = [](std::size_t n) {
    Vector x(n);
    std::iota(x.begin(), x.end(), 0.0);
    return x;
  };
  plot.series.push_back({"J = y_hat - y (cut off at -10)", steps_of(plain.size()), shown(plain)});
  plot.series.push_back({"J = 1/2 (y_hat - y)^2", steps_of(squared.size()), squared});
  plot.series.push_back(
      {"the target", {0, static_cast<double>(kSteps)}, {y, y}, SeriesStyle::dashed});
  result.show(std::move(plot));
  result.say(
      fmt::format("On the difference the output is {} after {} steps of rate 0.05 and still "
                  "falling; its derivative by "
                  "the output is 1 however large the error. So each formula above has to be "
                  "multiplied by (y_hat - y) "
                  "to be the gradient of a cost: and then a gradient may be small simply because "
                  "the answer is right.",
                  number(plain.back(), 3), plain.size() - 1));
  result.at_most(8, "y_hat at the end of descending y_hat - y", plain.back(), -100,
                 "a function without a lower bound");
  result.within(8, "y_hat at the end of descending 1/2 (y_hat - y)^2", squared.back(), y, 1e-3,
                "the target");
}

void deep_sigmoid(Result& result) {
  DeepFixture fixture;
  BenchNetwork& net = fixture.network;
  const double loss = net.differentiate("cross_entropy", fixture.target());
  const Vector gradient = net.gradient(0);
  const double norm = std::sqrt(dot(gradient, gradient));
  std::vector<Vector> direction;
  for (std::size_t i = 0; i < net.param_count(); ++i)
    direction.emplace_back(net.param(i).size(), 0.0);
  for (std::size_t i = 0; i < gradient.size(); ++i) direction[0][i] = gradient[i] / norm;
  const Vector output_gradient(net.network().output_gradient().as<double>().begin(),
                               net.network().output_gradient().as<double>().end());
  const double forward = dot(output_gradient, forward_mode(net.network(), direction));

  // Along the gradient the slope is its norm. Far steps, for the slope is at the edge of what
  // double can tell apart from a loss near 1.5.
  const Vector start(net.param(0).begin(), net.param(0).end());
  const auto moved = [&](double h) {
    for (std::size_t i = 0; i < start.size(); ++i) net.param(0)[i] = start[i] + h * direction[0][i];
    return net.value("cross_entropy", fixture.target());
  };
  const auto slope = [&](double h) { return (moved(h) - moved(-h)) / (2 * h); };
  const double numeric = (4 * slope(0.5) - slope(1)) / 3;
  result.say(fmt::format(
      "Is it the algorithm's fault? Twenty sigmoid layers in front of the output: the gradient of "
      "the "
      "first weights has norm {} by backpropagation, {} by forward mode, which never goes "
      "backwards, and {} "
      "by moving the weights and looking at the loss. The function itself is flat there. What "
      "changes it is "
      "another start, another activation, another path, not another way to differentiate.",
      number(norm, 10), number(forward, 10), number(numeric, 2)));
  result.near(5, "loss of 21 sigmoid layers", loss, DeepFixture::kLoss, 1e-12,
              "PyTorch 1.13, double");
  result.near(5, "norm of dJ/dW1 by backpropagation", norm, DeepFixture::kFirstGradientNorm, 1e-9,
              "PyTorch 1.13, double");
  result.near(5, "norm of dJ/dW1 by forward mode", forward, DeepFixture::kFirstGradientNorm, 1e-9,
              "PyTorch 1.13, double");
  result.near(5, "norm of dJ/dW1 by central differences", numeric, DeepFixture::kFirstGradientNorm,
              0.02, "PyTorch 1.13, double; the loss has 16 digits");
}

Result run(const Settings& settings) {
  Result result;
  scalars(result, settings);
  order(result, settings);
  matrices(result, settings);
  cost(result, settings);
  deep_sigmoid(result);
  return result;
}

}  // namespace

Experiment identity_experiment() {
  return {
      "identity",
      "Three layers, and four ways to the same derivative",
      "The tutorial begins with three layers that multiply, writes down the three derivatives, and "
      "blames backpropagation for what becomes of them. Do the formulas hold, what travels through "
      "the network, and does another way to differentiate give another gradient?",
      {
          {5, "Backpropagation, not the architecture, is the root of the trouble.",
           Judgement::wrong,
           "Backpropagation returns the exact derivative: central differences and forward mode "
           "give the "
           "same number, also where it is 3e-13. The function is flat; the algorithm only says "
           "so."},
          {6, "The output is the product of the activations of all layers.", Judgement::wrong,
           "It is a composition. It is a product of weights only because the activation is the "
           "identity."},
          {7, "With the identity as activation y_hat = W3 W2 W1 X.", Judgement::right, ""},
          {8, "The cost is J = y_hat - y.", Judgement::wrong,
           "That is no cost: it has no lower bound, and its derivative is 1 whatever the error. "
           "With 1/2 "
           "(y_hat - y)^2 every formula gets the factor (y_hat - y): gradients also vanish where "
           "the answer "
           "is right."},
          {9, "The last layer's gradient needs those of the layers before it.", Judgement::wrong,
           "The other way round: the last layer's gradient comes first and needs only activations; "
           "earlier "
           "layers need the deltas of later ones."},
          {10, "dJ/dW2 = W3 W1 X and dJ/dW1 = W3 W2 X.", Judgement::right,
           "For scalars. For matrices dJ/dW2 = (W3^T 1)(W1 X)^T: order and transposes matter."},
          {11, "What is propagated is the derivative with respect to the parameters.",
           Judgement::inexact,
           "Propagated are the deltas dJ/dZ. Parameter gradients are formed from them locally."},
          {13, "The update tells how the output affects the parameters.", Judgement::wrong,
           "It tells how a change of a parameter affects the cost: that is what the central "
           "difference "
           "measures."},
      },
      {
          {"w1", "0.5", "first weight"},
          {"w2", "-1.2", "second weight"},
          {"w3", "0.8", "third weight"},
          {"x", "1.5", "input"},
          {"target", "0.3", "wanted output y"},
          {"width", "3", "units of the matrix example"},
          {"seed", "1", "of the random matrices"},
      },
      run};
}

}  // namespace plumb::lab
