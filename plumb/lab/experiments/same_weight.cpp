// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "plumb/core/rng.h"
#include "plumb/lab/bench_network.h"
#include "plumb/lab/experiments/experiments.h"
#include "plumb/observe/symmetry.h"
#include "plumb/report/number_text.h"

namespace plumb::lab {

namespace {

using Vector = std::vector<double>;

/// A chain of `depth` one-unit layers that all start with the same weight, after one pass with x
/// = 1.
BenchNetwork scalar_chain(std::int64_t depth, double w) {
  BenchNetwork net(repeat(depth, "dense 1 bias=false"), 1, 1, fmt::format("constant:{}", w));
  net.input()[0] = 1;
  net.forward();
  net.backward(Vector{1});
  return net;
}

/// dJ/dw when all layers share w, by moving all of them together.
double tied_difference(std::int64_t depth, double w) {
  const double h = 1e-5 * std::abs(w);
  const auto output = [&](double weight) {
    BenchNetwork net(repeat(depth, "dense 1 bias=false"), 1, 1, fmt::format("constant:{}", weight));
    net.input()[0] = 1;
    return net.forward()[0];
  };
  const double near = (output(w + h) - output(w - h)) / (2 * h);
  const double far = (output(w + 2 * h) - output(w - 2 * h)) / (4 * h);
  return (4 * near - far) / 3;
}

void one_unit(Result& result, const Settings& settings) {
  const std::int64_t depth = settings.integer("depth", 1, 1000);
  const double w = settings.number("weight", -10, 10), power = static_cast<double>(depth - 1);
  const BenchNetwork net = scalar_chain(depth, w);
  const double first = net.log2_gradient_norm(0);
  double tied = 0;
  for (std::size_t i = 0; i < net.param_count(); ++i) tied += net.gradient(i)[0];

  result.show(
      Table{fmt::format("{} layers of one unit, every weight {}, input 1", depth, number(w)),
            {"derivative of the output", "measured", "formula", "the tutorial's"},
            {{"by the first weight alone", number(net.gradient(0)[0], 10),
              "w^(L-1) = " + number(std::pow(w, power), 10),
              "w^L = " + number(std::pow(w, power + 1), 10)},
             {"by the one weight all share", number(tied, 10),
              "L w^(L-1) = " + number((power + 1) * std::pow(w, power), 10), "-"},
             {"the same, moving them all", number(tied_difference(depth, w), 10), "", "-"}}});
  result.say(
      "One of the L weights is the one we differentiate by, so L-1 are left: the tutorial counts "
      "one too many, as "
      "its own formula for three layers shows. And if the weight is truly shared (as in a "
      "recurrent network), all "
      "L places of it count: L w^(L-1).");
  result.near_log2(15, "|dJ/dW1| of the chain, each layer with a weight of its own", first,
                   power * std::log2(std::abs(w)), 1e-12, "w^(L-1)");
  result.near(15, "tutorial's w^L over the measured derivative",
              std::exp2((power + 1) * std::log2(std::abs(w)) - first), std::abs(w), 1e-12,
              "exactly one factor w too many");
  // Beyond the range of double there is nothing to move.
  if (std::abs(power * std::log2(std::abs(w))) < 900) {
    result.near(15, "derivative by the shared weight (sum over the layers)", tied,
                (power + 1) * std::pow(w, power), 1e-12, "L w^(L-1)");
    result.near(15, "derivative by the shared weight, by moving it", tied_difference(depth, w),
                (power + 1) * std::pow(w, power), 1e-7, "L w^(L-1)");
  }
}

void over_depth(Result& result) {
  constexpr std::int64_t kDepth = 100;
  Plot plot{"The gradient of the first weight against depth",
            "A straight line on this axis is exponential: every layer multiplies by |w|. Above 1 "
            "it explodes, "
            "below 1 it vanishes; the sign of w does not matter.",
            PlotKind::line,
            {"layers above the first", false},
            {"|dJ/dW1|", true},
            {},
            {}};
  for (const double w : {0.5, 0.9, 1.0, 1.1, -2.0}) {
    const BenchNetwork net = scalar_chain(kDepth, w);
    Series series{fmt::format("w = {}", w), {}, {}};
    for (std::size_t i = 0; i < net.observed().size(); ++i) {
      series.x.push_back(static_cast<double>(net.observed().size() - 1 - i));
      series.y.push_back(net.observed()[i].log2_gradient_norm * kLog10Of2);
    }
    if (w == -2.0) {
      result.near_log2(16, "|dJ/dW1| of 100 layers with w = -2, which is less than 1",
                       net.log2_gradient_norm(0), kDepth - 1, 1e-9, "|w|^(L-1) = 2^99");
    }
    plot.series.push_back(std::move(series));
  }
  result.show(std::move(plot));
}

void beyond_float(Result& result) {
  constexpr std::int64_t kDeep = 10'000;
  const double small = scalar_chain(kDeep, 0.5).log2_gradient_norm(0);
  const double large = scalar_chain(kDeep, 2).log2_gradient_norm(0);
  result.say(
      fmt::format("Ten thousand layers: the gradient is {} for w = 0.5 and {} for w = 2. No number "
                  "format holds either (double "
                  "ends at 4.9e-324 and 1.8e+308); plumb carries the signal with an exponent of "
                  "its own, so it measures a value "
                  "where others see 0 or infinity.",
                  format_log2(small), format_log2(large)));
  result.near_log2(15, "|dJ/dW1| of 10,000 layers, w = 0.5", small, -(kDeep - 1), 1e-9,
                   "2^-9999, exactly");
  result.near_log2(15, "|dJ/dW1| of 10,000 layers, w = 2", large, kDeep - 1, 1e-9,
                   "2^9999, exactly");
}

/// Spectral norm of the 2 x 2 matrix whose rows are given.
double spectral_norm(const Vector& m) {
  const double a = m[0] * m[0] + m[1] * m[1] + m[2] * m[2] + m[3] * m[3];
  const double d = m[0] * m[3] - m[1] * m[2];
  return std::sqrt((a + std::sqrt(std::max(0.0, a * a - 4 * d * d))) / 2);
}

void non_normal(Result& result) {
  constexpr std::size_t kDepth = 100;
  BenchNetwork net(repeat(kDepth, "dense 2 bias=false"), 2, 2);
  for (std::size_t i = 0; i < net.param_count(); ++i) {
    std::ranges::copy(Vector{0.9, 10, 0, 0.9}, net.param(i).begin());
  }
  net.keep_gradients(true);
  net.forward();
  net.backward(Vector{1, 0, 0, 1});  // a sample for each row of the Jacobian
  // observed()[i] is the output of layer i: kDepth - 1 - i further layers stand between it and the
  // end.
  Series series{"largest singular value of W^k", {}, {}},
      radius{"0.9^k", {}, {}, SeriesStyle::dashed};
  Vector norms;
  for (std::size_t k = 1; k < kDepth; ++k) {
    norms.push_back(spectral_norm(net.observed()[kDepth - 1 - k].gradient));
    series.x.push_back(static_cast<double>(k));
    series.y.push_back(std::log10(norms.back()));
    radius.x.push_back(static_cast<double>(k));
    radius.y.push_back(static_cast<double>(k) * std::log10(0.9));
  }
  const auto peak = std::ranges::max_element(norms);
  result.show(Plot{"A matrix whose eigenvalues are all 0.9, and which explodes first",
                   "The eigenvalues promise the dashed line. The gradient follows the solid one: "
                   "forty times larger "
                   "before it finally shrinks. Nine layers are less than finally.",
                   PlotKind::line,
                   {"layers k", false},
                   {"size", true},
                   {},
                   {series, radius}});
  result.say(
      "W = [[0.9, 10], [0, 0.9]] is smaller than the identity by its eigenvalues and larger by its "
      "singular "
      "values. In the long run the spectral radius decides, for a few layers the singular values "
      "do; for "
      "symmetric matrices they are the same.");
  result.near(16, "largest singular value of W^k over all k", *peak, 38.7459227175, 1e-10,
              "numpy, matrix powers");
  result.near(16, "the k where it is reached", static_cast<double>(peak - norms.begin() + 1), 9, 0,
              "numpy");
  result.near(16, "largest singular value of W^50", norms[49], 2.8632177253, 1e-9, "numpy");
}

/// log2 of |gradient at k layers below the output|^2, averaged (as squares) over `nets` chains.
Vector mean_square(std::size_t nets, std::int64_t width, std::int64_t depth, std::string_view init,
                   double gain, bool tied, std::uint64_t seed) {
  Vector mean(static_cast<std::size_t>(depth) + 1, 0.0);
  for (std::size_t n = 0; n < nets; ++n) {
    BenchNetwork net(repeat(depth, fmt::format("dense {} bias=false", width)), width, 1, init, gain,
                     seed + n);
    if (tied) {
      for (std::size_t i = 1; i < net.param_count(); ++i)
        std::ranges::copy(net.param(0), net.param(i).begin());
    }
    const Rng rng(seed + n, "lab/direction");
    Vector top(static_cast<std::size_t>(width));
    for (std::size_t i = 0; i < top.size(); ++i) top[i] = rng.normal(i);
    net.forward();
    net.backward(top);
    const double last = net.observed().back().log2_gradient_norm;
    for (std::size_t k = 0; k < net.observed().size(); ++k) {
      const double here = net.observed()[net.observed().size() - 1 - k].log2_gradient_norm;
      mean[k] += std::exp2(2 * (here - last)) / static_cast<double>(nets);
    }
    mean[static_cast<std::size_t>(depth)] +=
        std::exp2(2 * (net.log2_input_gradient_norm() - last)) / static_cast<double>(nets);
  }
  return mean;
}

Series root_series(std::string name, const Vector& squares) {
  Series series{std::move(name), {}, {}};
  for (std::size_t k = 0; k < squares.size(); ++k) {
    series.x.push_back(static_cast<double>(k));
    series.y.push_back(0.5 * std::log10(squares[k]));
  }
  return series;
}

void random_matrices(Result& result, const Settings& settings) {
  constexpr std::int64_t kDepth = 20;
  constexpr std::size_t kNets = 50;
  const std::int64_t n = settings.integer("width", 2, 256);
  const double gain = settings.number("gain", 0.01, 100);
  const std::uint64_t seed = settings.seed();
  const Vector own = mean_square(kNets, n, kDepth, "lecun_normal", gain, false, seed);
  const Vector shared = mean_square(kNets, n, kDepth, "lecun_normal", gain, true, seed);
  const Vector orthogonal = mean_square(1, n, kDepth, "orthogonal", gain, false, seed);

  // The largest singular value, by power iteration on W^T W.
  BenchNetwork one(fmt::format("dense {0} bias=false", n), n, 1, "lecun_normal", gain, seed);
  std::ranges::fill(one.input(), 1.0);
  double largest = 0;
  for (int i = 0; i < 200; ++i) {
    const auto y = one.forward();
    one.backward(Vector(y.begin(), y.end()));  // the gradient of the weight is not looked at
    const Vector down = one.gradient(0);
    Vector next(one.input().size(), 0.0);
    for (std::size_t o = 0; o < y.size(); ++o) {
      for (std::size_t k = 0; k < next.size(); ++k)
        next[k] += one.param(0)[o * next.size() + k] * y[o];
    }
    const double norm = std::sqrt(std::inner_product(next.begin(), next.end(), next.begin(), 0.0));
    largest = std::sqrt(norm);
    for (std::size_t k = 0; k < next.size(); ++k) one.input()[k] = next[k] / norm;
  }
  result.show(Plot{
      fmt::format("Random matrices of width {}, gain {}", n, number(gain)),
      "Root mean square over 50 networks. Gaussian weights of standard deviation gain/sqrt(n) keep "
      "the mean size at gain 1 although single directions are stretched twofold.",
      PlotKind::line,
      {"layers", false},
      {"gradient, relative", true},
      {},
      {root_series("a new Gaussian matrix in each layer", own),
       root_series("the same Gaussian matrix in each layer", shared),
       root_series("orthogonal matrices", orthogonal)}});
  result.say(
      fmt::format("For matrices 'W > I' says too little. This Gaussian one has a largest singular "
                  "value of {} and yet "
                  "independent ones preserve the mean square at gain 1; orthogonal ones preserve "
                  "every single gradient.",
                  number(largest, 4)));
  result.near_log2(16, "mean square of the gradient below 20 independent Gaussian matrices",
                   std::log2(own[kDepth]), 2 * kDepth * std::log2(gain), 0.3,
                   "gain^(2L): E W^T W = gain^2 I (50 networks)");
  result.near_log2(16, "the same below 20 orthogonal ones", std::log2(orthogonal[kDepth]),
                   2 * kDepth * std::log2(gain), 1e-12, "gain^(2L), exactly");
  if (n >= 32) {
    result.near(16, "largest singular value of one Gaussian matrix", largest, 2 * gain, 0.2,
                "2 gain, quarter-circle law (large n)");
  }
}

void symmetry(Result& result, const Settings& settings) {
  // Equal rows inside a layer against equal matrices in different layers, after some training.
  const auto train = [&](bool equal_rows) {
    BenchNetwork net("dense 4 > tanh > dense 4 > tanh > dense 1", 4, 8,
                     equal_rows ? "constant:0.3" : "lecun_normal", 1, settings.seed());
    if (!equal_rows) std::ranges::copy(net.param(0), net.param(2).begin());
    const Rng rng(settings.seed(), "lab/symmetry");
    for (std::size_t i = 0; i < net.input().size(); ++i) net.input()[i] = rng.normal(i);
    Tensor wanted(Shape{8, 1}, DType::f64);
    for (std::size_t i = 0; i < 8; ++i) wanted.as<double>()[i] = rng.uniform(1000 + i);
    for (int step = 0; step < 50; ++step) {
      net.differentiate("mse", {{}, wanted.view()});
      for (std::size_t i = 0; i < net.param_count(); ++i) {
        const Vector gradient = net.gradient(i);
        for (std::size_t k = 0; k < gradient.size(); ++k) net.param(i)[k] -= 0.1 * gradient[k];
      }
    }
    return static_cast<double>(duplicate_rows(net.network().params()[0]->value.view()));
  };
  const double equal_rows = train(true), equal_layers = train(false);
  result.say(fmt::format(
      "Is a network with identical weights a useless linear learner? Two things are mixed up here. "
      "Four units "
      "that start alike are still {} copies of one after 50 steps: that is symmetry, and it needs "
      "breaking. Two "
      "layers that start with the same random matrix end with {} repeated units: equal layers are "
      "harmless, "
      "recurrent networks are made of them. And linear is what the identity activation makes it.",
      number(equal_rows), number(equal_layers)));
  result.near(17, "repeated units after training, equal weights inside a layer", equal_rows, 3, 0,
              "4 units, one pattern");
  result.near(17, "repeated units after training, equal matrices across layers", equal_layers, 0, 0,
              "no symmetry to keep");
}

Result run(const Settings& settings) {
  Result result;
  one_unit(result, settings);
  over_depth(result);
  beyond_float(result);
  non_normal(result);
  random_matrices(result, settings);
  symmetry(result, settings);
  return result;
}

}  // namespace

Experiment same_weight_experiment() {
  return {
      "same-weight",
      "The same weight in every layer",
      "Give every layer the same weight W, and the first gradient is a power of it: it explodes "
      "when W is "
      "larger than one and vanishes when it is smaller. Which power, and what is larger than one "
      "for a matrix?",
      {
          {15, "With L layers of weight W, dJ/dW1 = W^L X.", Judgement::wrong,
           "W^(L-1) X: one of the L weights is the one we differentiate by. If the weight is truly "
           "shared it is "
           "L W^(L-1) X."},
          {16, "W greater than I explodes, W smaller than I vanishes.", Judgement::inexact,
           "For scalars |w| decides. For matrices the spectral radius decides in the long run and "
           "the singular "
           "values before; independent random matrices grow by their mean square."},
          {17, "Identical weights make the network a useless linear learner.", Judgement::inexact,
           "Equal units inside a layer stay equal for ever. Equal matrices in different layers do "
           "no harm. "
           "Linearity comes from the activation."},
      },
      {
          {"depth", "10", "layers of the one-unit chain"},
          {"weight", "0.5", "the weight of each"},
          {"width", "64", "units of the random matrices"},
          {"gain", "1", "standard deviation of their weights times sqrt(width)"},
          {"seed", "1", "of the random matrices"},
      },
      run};
}

}  // namespace plumb::lab
