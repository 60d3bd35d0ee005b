// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "plumb/core/rng.h"
#include "plumb/lab/bench_network.h"
#include "plumb/lab/experiments/experiments.h"
#include "plumb/report/number_text.h"

namespace plumb::lab {

namespace {

using Vector = std::vector<double>;

/// What `factors` layers of one unit and weight `w` leave of a gradient of 1.
double chain(std::int64_t factors, double w) {
  BenchNetwork net(repeat(factors, "dense 1 bias=false"), 1, 1, fmt::format("constant:{}", w));
  net.forward();
  net.backward(Vector{1});
  return std::exp2(net.log2_input_gradient_norm());
}

void powers(Result& result, const Settings& settings) {
  const double w = settings.number("factor", 1e-3, 10);
  Table table{fmt::format("What is left after k factors of {}, and of 0.25", number(w)),
              {"k", "measured", number(w) + "^k", "0.25^k"},
              {}};
  const std::map<std::int64_t, double> printed{{3, 0.970299},
                                               {7, 0.9320653479069899},
                                               {100, 0.3660323412732292},
                                               {300, 0.04904089407128572}};
  for (const auto& [k, value] : printed) {
    const double left = chain(k, w);
    table.rows.push_back({std::to_string(k), number(left, 10), number(std::pow(w, k), 10),
                          number(std::pow(0.25, k), 3)});
    result.near(22, fmt::format("gradient behind {} layers of weight {}", k, number(w)), left,
                settings.is_default("factor") ? value : std::pow(w, k), 1e-13,
                "the tutorial's digits, continued by hand");
  }
  result.show(std::move(table));
}

/// Norm ratio that each node of a deep network puts on the gradient, averaged over its middle
/// layers.
struct Factors {
  double weights = 0;
  double activation = 0;
  double layer() const { return weights * activation; }
  std::vector<double> log10_gradient{};  ///< by layer, input side first
};

Factors measure(std::string_view activation, std::string_view init, double gain,
                const Settings& settings) {
  const std::int64_t width = settings.integer("width", 2, 2000),
                     depth = settings.integer("depth", 6, 500);
  constexpr std::int64_t kBatch = 8;
  BenchNetwork net(repeat(depth, fmt::format("dense {} > {}", width, activation)), width, kBatch,
                   init, gain, settings.seed());
  const Rng rng(settings.seed(), "lab/chain"), up(settings.seed(), "lab/top");
  for (std::size_t i = 0; i < net.input().size(); ++i) net.input()[i] = rng.normal(i);
  Vector top(net.input().size());
  for (std::size_t i = 0; i < top.size(); ++i) top[i] = up.normal(i);
  net.forward();
  net.backward(top);
  const auto& seen = net.observed();  // dense, activation, dense, activation ...
  Factors factors;
  double weights = 0, slopes = 0;
  int count = 0;
  for (std::size_t i = 0; i < seen.size(); i += 2) {
    factors.log10_gradient.push_back(seen[i].log2_gradient_norm * kLog10Of2);
    if (i < 4 || i + 2 >= seen.size()) continue;  // the first layers still feel the input
    slopes += seen[i].log2_gradient_norm - seen[i + 1].log2_gradient_norm;
    weights += seen[i - 1].log2_gradient_norm - seen[i].log2_gradient_norm;
    ++count;
  }
  factors.weights = std::exp2(weights / count);
  factors.activation = std::exp2(slopes / count);
  return factors;
}

void real_factors(Result& result, const Settings& settings) {
  const Factors sigmoid = measure("sigmoid", "lecun_normal", 1, settings);
  const Factors tanh = measure("tanh", "lecun_normal", 1, settings);
  const Factors relu = measure("relu", "he_normal", 1, settings);
  const Factors linear = measure("identity", "orthogonal", 1, settings);
  Table table{"The factors of real networks, per layer, on the norm of the gradient",
              {"network", "activation derivative", "weights", "whole layer"},
              {}};
  Plot plot{"The same number of factors, four activations",
            "Each line has as many factors as any other. What makes the sigmoid line fall is the "
            "size of its factors.",
            PlotKind::line,
            {"layer (input side first)", false},
            {"gradient", true},
            {},
            {}};
  const auto add = [&](std::string name, const Factors& f) {
    table.rows.push_back(
        {name, number(f.activation, 4), number(f.weights, 4), number(f.layer(), 4)});
    plot.series.push_back({std::move(name), count_up(f.log10_gradient.size()), f.log10_gradient});
  };
  add("sigmoid, variance 1/n", sigmoid);
  add("tanh, variance 1/n", tanh);
  add("relu, variance 2/n", relu);
  add("identity, orthogonal", linear);
  result.show(std::move(table));
  result.show(std::move(plot));
  result.say(fmt::format(
      "A factor of 0.99 is an example, not a network. Here a sigmoid layer multiplies the gradient "
      "by {}: its "
      "derivative is at most 0.25. After ten layers that is {}, where 0.99 would have left 0.90.",
      number(sigmoid.layer(), 3), number(std::pow(sigmoid.layer(), 10), 2)));
  const double width = static_cast<double>(settings.integer("width", 2, 2000));
  result.at_most(22, "largest factor a sigmoid's derivative can be (mean of the network)",
                 sigmoid.activation, 0.25, "max of sigma'");
  // Fluctuations of a layer's factor are of order 1 / sqrt(width).
  result.within(22, "factor of a sigmoid layer", sigmoid.layer(), std::sqrt(0.055720706770),
                0.1 / std::sqrt(width),
                "sqrt(chi1) of mean-field theory, variance 1/n (Schoenholz et al. 2017)");
  result.near(21, "factor of an orthogonal identity layer", linear.layer(), 1, 1e-12,
              "orthogonal matrices keep every length");
  result.at_least(21, "gradient at layer 1, identity over sigmoid, powers of ten",
                  linear.log10_gradient.front() - sigmoid.log10_gradient.front(), 3,
                  "equal counts of factors");
}

void counts(Result& result) {
  constexpr std::int64_t kLayers = 3;
  BenchNetwork net(repeat(kLayers, "dense 2 > sigmoid"), 2, 1, "lecun_normal", 1, 1);
  net.forward();
  net.backward(Vector{1, 1});
  Table table{"Factors in dJ/dW of layer l, three layers",
              {"layer", "counted", "2(L-l)+3", "multiplications"},
              {}};
  for (std::int64_t l = kLayers; l >= 1; --l) {
    // One is dJ/dA_L; then one for each node that the gradient passed to reach Z_l; the last is
    // dZ_l/dW_l.
    const std::string path = net.observed()[static_cast<std::size_t>(2 * (l - 1))].path;
    const auto passed = std::ranges::find(net.order(), path) - net.order().begin();
    const double factors = 1 + static_cast<double>(passed) + 1;
    const double formula = static_cast<double>(2 * (kLayers - l) + 3);
    table.rows.push_back(
        {std::to_string(l), number(factors), number(formula), number(factors - 1)});
    result.near(21, fmt::format("factors of dJ/dW{}", l), factors, formula, 0, "2(L-l)+3");
  }
  result.show(std::move(table));
  result.say(
      "The last layer has three factors and the first of three has seven, so two and six "
      "multiplications. But the "
      "count decides nothing: the picture above has networks of equal depth whose gradients differ "
      "by many powers of "
      "ten.");
}

Result run(const Settings& settings) {
  Result result;
  powers(result, settings);
  real_factors(result, settings);
  counts(result);
  return result;
}

}  // namespace

Experiment chain_numbers_experiment() {
  return {"chain-numbers",
          "0.99 to the power of 300, and what the factors really are",
          "The chain rule multiplies more factors the further down a layer is, and many factors "
          "below one give a "
          "small number: 0.99^300 = 0.049. Are the digits right, and are the factors of a network "
          "like that?",
          {
              {21, "The last layer takes 3 multiplications, the first of three takes 7.",
               Judgement::inexact,
               "3 and 7 are factors, 2(L-l)+3 of them: 2 and 6 multiplications. And their number "
               "is not the cause: "
               "at equal depth some gradients vanish and others do not."},
              {22, "0.99^3 = 0.970299 ... 0.99^300 = 0.049: that is how gradients vanish.",
               Judgement::right,
               "The digits are right and mislead: a sigmoid layer has no factor of 0.99 but one of "
               "0.24."},
          },
          {
              {"factor", "0.99", "the factor of each link"},
              {"width", "100", "units of the real networks"},
              {"depth", "20", "their layers"},
              {"seed", "1", "of their weights"},
          },
          run};
}

}  // namespace plumb::lab
