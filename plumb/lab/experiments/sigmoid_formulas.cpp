// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "plumb/lab/bench_network.h"
#include "plumb/lab/experiments/experiments.h"

namespace plumb::lab {

namespace {

using Vector = std::vector<double>;

constexpr const char* kThreeLayers =
    "dense 1 bias=false > sigmoid > dense 1 bias=false > sigmoid > dense 1 bias=false > sigmoid";

double sigma(double x) { return 1 / (1 + std::exp(-x)); }
double slope(double x) { return sigma(x) * sigma(-x); }

BenchNetwork three_layers(const Settings& settings) {
  BenchNetwork net(kThreeLayers, 1, 1);
  for (std::size_t i = 0; i < 3; ++i)
    net.param(i)[0] = settings.number(fmt::format("w{}", i + 1), -100, 100);
  net.input()[0] = settings.number("x", -100, 100);
  return net;
}

/// d y_hat / dW by moving the weight, with the error of the step removed to fourth order.
double numeric(BenchNetwork& net, std::size_t layer) {
  double& w = net.param(layer)[0];
  const double kept = w;
  const auto at = [&](double value) {
    w = value;
    return net.forward()[0];
  };
  const auto difference = [&](double h) { return (at(kept + h) - at(kept - h)) / (2 * h); };
  const double h = 1e-3;
  const double derivative = (4 * difference(h) - difference(2 * h)) / 3;
  w = kept;
  return derivative;
}

Result run(const Settings& settings) {
  Result result;
  BenchNetwork net = three_layers(settings);
  const double w1 = net.param(0)[0], w2 = net.param(1)[0], w3 = net.param(2)[0], x = net.input()[0];
  net.forward();
  net.backward(Vector{1});
  const double z1 = w1 * x, a1 = sigma(z1), z2 = w2 * a1, a2 = sigma(z2), z3 = w3 * a2;
  const Vector measured{net.gradient(0)[0], net.gradient(1)[0], net.gradient(2)[0]};
  const Vector right{slope(z3) * w3 * slope(z2) * w2 * slope(z1) * x,
                     slope(z3) * w3 * slope(z2) * a1, slope(z3) * a2};
  const double printed = w2 * slope(w2 * w1 * x) * w1 * x;
  const double indexed = w2 * slope(z2) * w1 * x;

  result.show(Table{"Forward: each layer multiplies, then squashes",
                    {"layer", "Z = W A", "A = sigma(Z)", "sigma'(Z)"},
                    {{"1", number(z1), number(a1), number(slope(z1))},
                     {"2", number(z2), number(a2), number(slope(z2))},
                     {"3", number(z3), number(sigma(z3)), number(slope(z3))}}});
  const Vector moved{numeric(net, 0), numeric(net, 1), numeric(net, 2)};
  result.show(Table{
      "Derivatives of y_hat",
      {"weight", "right formula", "its value", "backpropagation", "central difference"},
      {{"W1", "s'3 W3 s'2 W2 s'1 X", number(right[0], 10), number(measured[0], 10),
        number(moved[0], 10)},
       {"W2", "s'3 W3 s'2 A1", number(right[1], 10), number(measured[1], 10), number(moved[1], 10)},
       {"W3", "s'3 A2", number(right[2], 10), number(measured[2], 10), number(moved[2], 10)}}});
  result.show(Plot{"dJ/dW3: the tutorial's formula and the measured derivative",
                   "The tutorial's formula has another size and another sign. Whoever wanted to "
                   "descend by it would "
                   "go uphill.",
                   PlotKind::bars,
                   {"", false},
                   {"dJ/dW3", false},
                   {"tutorial: W2 s'(Z2) W1 X", "backpropagation", "central difference"},
                   {{"dJ/dW3", {}, {indexed, measured[2], moved[2]}}}});
  result.say(
      fmt::format("The tutorial writes dJ/dW3 = W2 sigma'(Z2) W1 X = {}. Two slips: the derivative "
                  "must be that of the third "
                  "layer, and what enters it is the activation A2 = sigma(W2 sigma(W1 X)), not the "
                  "linear W2 W1 X. Right is "
                  "sigma'(Z3) A2 = {}. For the first weight its chain is right: {}.",
                  number(indexed, 10), number(right[2], 10), number(right[0], 10)));

  for (std::size_t i = 0; i < 3; ++i) {
    const int claim = i == 0 ? 20 : 19;
    const std::string name = fmt::format("dJ/dW{}", i + 1);
    result.near(claim, name + " by backpropagation", measured[i], right[i], 1e-13,
                "the chain rule written out");
    result.within(claim, name + " by central differences", moved[i], right[i], 1e-10,
                  "the chain rule written out");
  }
  result.at_least(19, "distance of the tutorial's dJ/dW3 from the derivative",
                  std::abs(indexed - moved[2]), 1e-3 * std::abs(moved[2]), "it is another number");
  const bool defaults = settings.is_default("w1") && settings.is_default("w2") &&
                        settings.is_default("w3") && settings.is_default("x");
  if (defaults) {
    result.near(19, "dJ/dW3 of the example", measured[2], 0.0755618717568628, 1e-13, "mpmath");
    result.near(19, "the tutorial's dJ/dW3", indexed, -0.191414374958646, 1e-12,
                "its formula, mpmath");
    result.near(20, "dJ/dW1 of the example", measured[0], -0.0164345042694475, 1e-12, "mpmath");
  }
  result.say(
      fmt::format("Read with all activations linear up to Z2, the formula gives {}: no reading of "
                  "it gives the derivative.",
                  number(printed, 10)));
  return result;
}

}  // namespace

Experiment sigmoid_formulas_experiment() {
  return {"sigmoid-formulas",
          "Three sigmoid layers, formula by formula",
          "With sigmoids between the layers the three derivatives become longer. The tutorial "
          "writes them out for the "
          "last weight and for the first. Do they give the derivative?",
          {
              {19, "dJ/dW3 = W2 sigma'(Z2) W1 X.", Judgement::wrong,
               "sigma'(Z3) A2 with A2 = sigma(W2 sigma(W1 X)): the index is 3, and the activations "
               "below are not linear. "
               "In the example the printed formula has the wrong sign."},
              {20, "dJ/dW1 is the chain sigma'(Z3) W3 sigma'(Z2) W2 sigma'(Z1) X.",
               Judgement::right, ""},
          },
          {
              {"w1", "0.5", "first weight"},
              {"w2", "-1.2", "second weight"},
              {"w3", "0.8", "third weight"},
              {"x", "1.5", "input"},
          },
          run};
}

}  // namespace plumb::lab
