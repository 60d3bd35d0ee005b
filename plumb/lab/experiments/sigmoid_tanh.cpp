// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "plumb/core/rng.h"
#include "plumb/lab/bench_network.h"
#include "plumb/lab/experiments/experiments.h"
#include "plumb/lab/fixture.h"
#include "plumb/report/number_text.h"

namespace plumb::lab {

namespace {

using Vector = std::vector<double>;

/// An activation and its derivative at many places, as the engine has them.
struct Curve {
  Vector x, y, slope;
};

Curve curve_of(const char* activation, Vector x) {
  BenchNetwork net(activation, static_cast<std::int64_t>(x.size()), 1);
  std::ranges::copy(x, net.input().begin());
  const auto y = net.forward();
  Curve curve{std::move(x), {y.begin(), y.end()}, Vector(y.size())};
  const Node& node = net.network().nodes().front();
  Tensor slope(node.y.shape(), DType::f64);
  node.layer()->derivative(net.network().input_view(), node.y.view(), slope.view());
  std::ranges::copy(slope.as<double>(), curve.slope.begin());
  return curve;
}

double value_at(const char* activation, double x) { return curve_of(activation, {x}).y[0]; }
double slope_at(const char* activation, double x) { return curve_of(activation, {x}).slope[0]; }

void shapes(Result& result) {
  Vector x;
  for (int i = -160; i <= 160; ++i) x.push_back(i / 20.0);
  const Curve sigmoid = curve_of("sigmoid", x), tanh = curve_of("tanh", x);
  result.show(
      Plot{"Sigmoid and tanh, and their derivatives",
           "Both are flat away from the middle: there the derivative is nearly zero. But in the "
           "middle tanh has slope 1, and the sigmoid never more than a quarter.",
           PlotKind::line,
           {"x", false},
           {"value", false},
           {},
           {{"sigmoid", x, sigmoid.y},
            {"its derivative", x, sigmoid.slope},
            {"tanh", x, tanh.y},
            {"its derivative (tanh)", x, tanh.slope}}});
  double formula = 0, numeric = 0, same = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double e = std::exp(-x[i]);
    formula = std::max(formula, std::abs(sigmoid.slope[i] / (e / ((1 + e) * (1 + e))) - 1));
    const double h = 1e-4;
    const double difference =
        (value_at("sigmoid", x[i] + h) - value_at("sigmoid", x[i] - h)) / (2 * h);
    numeric = std::max(numeric, std::abs(sigmoid.slope[i] - difference));
    same = std::max(same, std::abs(tanh.y[i] - (2 * value_at("sigmoid", 2 * x[i]) - 1)));
  }
  const auto steepest = [&](const Curve& c) {
    return c.x[static_cast<std::size_t>(std::ranges::max_element(c.slope) - c.slope.begin())];
  };
  result.at_most(18, "sigmoid' against e^-x / (1 + e^-x)^2, largest relative error", formula, 1e-14,
                 "the formula");
  result.at_most(18, "sigmoid' against central differences, largest error", numeric, 1e-9,
                 "the definition");
  result.near(30, "largest derivative of the sigmoid", *std::ranges::max_element(sigmoid.slope),
              0.25, 1e-15, "sigma (1 - sigma) at sigma = 1/2");
  result.near(30, "where it is", steepest(sigmoid), 0, 0, "x = 0");
  result.near(32, "largest derivative of tanh", *std::ranges::max_element(tanh.slope), 1, 1e-15,
              "1 - tanh^2 at 0");
  result.at_most(32, "tanh(x) against 2 sigma(2x) - 1, largest error", same, 4e-16, "the identity");
}

/// The smallest x where the engine's sigmoid is 1.
double saturation(DType dtype) {
  NetworkOptions options;
  options.dtype = dtype;
  Network net(parse_spec("sigmoid"), Shape{1}, options);
  net.plan(1);
  ThreadPool one(1);
  const auto is_one = [&](double x) {
    return dispatch(dtype, [&](auto zero) {
      using T = decltype(zero);
      net.input().as<T>()[0] = static_cast<T>(x);
      return net.forward({Mode::train, 0, one}).template as<T>()[0] == T{1};
    });
  };
  double low = 0, high = 100;
  while (high - low > 1e-9) ((is_one((low + high) / 2)) ? high : low) = (low + high) / 2;
  return high;
}

void floating_point(Result& result) {
  const double wide = saturation(DType::f64), narrow = saturation(DType::f32);
  const double far = slope_at("sigmoid", 400);
  const double naive = value_at("sigmoid", 400) * (1 - value_at("sigmoid", 400));
  result.say(
      fmt::format("Confined to [0, 1]? By its formula the sigmoid never reaches either end. In "
                  "floating point it does: it is "
                  "exactly 1 from x = {} in double and {} in float. Computed as s (1 - s) its "
                  "derivative is exactly zero from "
                  "there on; computed as sigma(x) sigma(-x) it is {} even at x = 400.",
                  number(wide, 8), number(narrow, 6), number(far, 5)));
  result.near(28, "x where the sigmoid becomes 1 in double", wide, 36.7368005697, 1e-3, "53 ln 2");
  result.near(28, "x where the sigmoid becomes 1 in float", narrow, 16.6355314, 0.05,
              "24 ln 2; kernels differ by a few units of the last digit");
  result.near(29, "sigmoid'(400)", far, 1.9151695967140057e-174, 1e-12, "e^-400, 50 digits");
  result.near(29, "the same by s (1 - s)", naive, 0, 0, "1 - 1");
  result.near(32, "tanh(25), where it is 1 too", value_at("tanh", 25), 1, 0, "saturated in double");
}

/// log2 of the gain of the gradient through three saturating layers, one for each sample.
Vector gains(std::int64_t width, double range, int nets, std::uint64_t seed) {
  constexpr std::int64_t kBatch = 16;
  const auto columns = static_cast<std::size_t>(width);
  Vector all;
  for (int n = 0; n < nets; ++n) {
    const std::uint64_t own = seed + 1000 * static_cast<std::uint64_t>(n);
    BenchNetwork net(repeat(3, fmt::format("dense {} bias=false > sigmoid", width)), width, kBatch,
                     fmt::format("uniform:{}", range), 1, own);
    // Inputs like the outputs of such layers: half of them 1, half 0.
    const Rng rng(own, "lab/x"), up(own, "lab/top");
    for (std::size_t i = 0; i < net.input().size(); ++i)
      net.input()[i] = rng.uniform(i) < 0.5 ? 0 : 1;
    Vector top(net.input().size());
    for (std::size_t i = 0; i < top.size(); ++i) top[i] = up.normal(i);
    net.keep_gradients(true);
    net.forward();
    net.backward(top);
    // From dJ/dA3 to dJ/dA0: the last product, with W1, is made by hand for each sample.
    const Vector& down = net.observed().front().gradient;  // dJ/dZ1
    for (std::size_t b = 0; b < kBatch; ++b) {
      double above = 0, below = 0;
      for (std::size_t i = 0; i < columns; ++i) above += std::pow(top[b * columns + i], 2);
      Vector at_input(columns, 0.0);
      for (std::size_t o = 0; o < columns; ++o) {
        const double g = down[b * columns + o];
        if (g == 0) continue;
        for (std::size_t i = 0; i < columns; ++i) at_input[i] += net.param(0)[o * columns + i] * g;
      }
      for (const double g : at_input) below += g * g;
      all.push_back(0.5 * std::log2(below / above));
    }
  }
  std::ranges::sort(all);
  return all;
}

void large_weights(Result& result, const Settings& settings) {
  const double range = settings.number("range", 1, 1e6);
  const std::int64_t largest = settings.integer("width", 100, 4000);
  Plot plot{fmt::format("Weights in [-{0}, {0}]: the gradient through three layers", number(range)),
            "The typical gradient (median) vanishes in a narrow network: all units are saturated. "
            "Its mean square "
            "explodes at every width, because the few that are not multiply by hundreds. With "
            "enough units some are "
            "always in the middle, and the median follows.",
            PlotKind::line,
            {"units in a layer", true},
            {"gain of three layers", true},
            {},
            {}};
  Series median{"median", {}, {}}, rms{"root mean square", {}, {}};
  double first = 0, last = 0;
  std::int64_t widest = 0;
  for (const std::int64_t width : {50, 100, 200, 500, 1000, 2000, 4000}) {
    if (width > largest) break;
    const int nets = static_cast<int>(std::max<std::int64_t>(2, 2000 / width));
    const Vector all = gains(width, range, nets, settings.seed());
    const double middle = all[all.size() / 2];
    double mean = 0;
    for (const double g : all) mean += std::exp2(2 * g) / static_cast<double>(all.size());
    median.x.push_back(std::log10(width));
    median.y.push_back(middle * kLog10Of2);
    rms.y.push_back(0.5 * std::log10(mean));
    if (width == 100) first = middle * kLog10Of2;
    last = middle * kLog10Of2;
    widest = width;
  }
  rms.x = median.x;
  result.say(
      fmt::format("Large weights saturate the units, says the tutorial, so derivatives are zero "
                  "and gradients vanish. With "
                  "weights from -{0} to {0} that is half of the story. z has a deviation of {1} "
                  "times the square root of the width; "
                  "a unit counts as saturated beyond 17, and few are not. But those few pass on "
                  "weights of {0}.",
                  number(range), number(range / std::numbers::sqrt3 / std::numbers::sqrt2, 4)));
  if (settings.is_default("range")) {
    // Of these heavy tails a sample tells the order of magnitude.
    result.at_most(29, "median gain of three layers of 100 units, log10", first, -8,
                   "below 1e-8: vanishing in the median");
    result.at_least(29, "root mean square gain at 100 units, log10", rms.y[1], 2,
                    "above 100: exploding in the mean square");
    if (widest >= 2000) {
      result.at_least(29, fmt::format("median gain at {} units, log10", widest), last, 0.5,
                      "above 3: the median has turned");
    }
  }
  plot.series = {std::move(median), std::move(rms)};
  result.show(std::move(plot));
}

void one_quarter(Result& result) {
  // One unit: the gradient is multiplied by w sigma'(z), wherever z may be.
  double worst = 0;
  const double w = 6;
  BenchNetwork net("dense 1 bias=false > sigmoid", 1, 1, fmt::format("constant:{}", w));
  for (int i = -50; i <= 50; ++i) {
    net.input()[0] = i / 25.0;
    net.forward();
    net.backward(Vector{1});
    worst = std::max(worst, std::exp2(net.log2_input_gradient_norm()));
  }
  result.say(fmt::format(
      "No weight 'gets a quarter of its value': what is multiplied is the gradient, by w "
      "sigma'(z). With w = 6 that is "
      "up to {}, so a sigmoid unit can also enlarge a gradient; only below |w| = 4 it never does.",
      number(worst)));
  result.near(31, "largest factor of a sigmoid unit with weight 6", worst, w / 4, 1e-12, "|w| / 4");
  result.near(31, "its weight after the backward pass", net.param(0)[0], w, 0, "unchanged");
}

void deep_tanh(Result& result) {
  const auto first = [](const char* activation) {
    DeepFixture fixture(activation);
    fixture.network.differentiate("cross_entropy", fixture.target());
    return std::exp2(fixture.network.log2_gradient_norm(0));
  };
  const double sigmoid = first("sigmoid"), tanh = first("tanh");
  result.say(
      fmt::format("'The same applies to tanh' is true of its flat ends, not of its middle. Twenty "
                  "layers with the same weights: the "
                  "first gradient is {} with sigmoid and {} with tanh.",
                  number(sigmoid, 3), number(tanh, 3)));
  result.near(32, "norm of dJ/dW1 below 20 sigmoid layers", sigmoid,
              DeepFixture::kFirstGradientNorm, 1e-9, "PyTorch 1.13");
  result.near(32, "norm of dJ/dW1 below 20 tanh layers, same weights", tanh, 0.269, 2e-3,
              "PyTorch 1.13 (three digits)");
}

Result run(const Settings& settings) {
  Result result;
  shapes(result);
  floating_point(result);
  large_weights(result, settings);
  one_quarter(result);
  deep_tanh(result);
  return result;
}

}  // namespace

Experiment sigmoid_tanh_experiment() {
  return {"sigmoid-tanh",
          "Sigmoid and tanh: a quarter, one, and what large weights do",
          "The sigmoid squashes everything into the range from 0 to 1 and is flat at both ends; "
          "its steepest slope is "
          "a quarter. Is that why gradients vanish, what happens with very large weights, and is "
          "tanh the same?",
          {
              {18, "sigma'(x) = e^-x / (1 + e^-x)^2.", Judgement::right,
               "In floating point sigma(x) sigma(-x) keeps more digits."},
              {28, "The sigmoid is confined to [0, 1].", Judgement::inexact,
               "To the open interval (0, 1); in floating point it does reach 1, from x = 36.74 in "
               "double and 16.6 in float."},
              {29,
               "Weights from -400 to 400 make the outputs binary, the derivatives zero, the "
               "gradients vanish.",
               Judgement::inexact,
               "It is z that saturates, and not always. The gradient vanishes in the median and "
               "explodes in the mean "
               "square; with more units the median explodes too."},
              {30, "The derivative of the sigmoid is at most 0.25.", Judgement::right, "At x = 0."},
              {31, "So the input weights get a quarter of their value.", Judgement::inexact,
               "The gradient is multiplied by w sigma'(z), at most |w|/4, at each layer. No weight "
               "is scaled."},
              {32, "All this is true of tanh as well.", Judgement::wrong,
               "Its flat ends are the same. But tanh'(0) = 1: twenty layers that leave 3e-13 of "
               "the gradient with "
               "sigmoid leave 0.27 with tanh."},
          },
          {
              {"range", "400", "weights are drawn from -range to range"},
              {"width", "2000", "the widest network of that picture"},
              {"seed", "1", "of its weights"},
          },
          run};
}

}  // namespace plumb::lab
