// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plumb/core/rng.h"
#include "plumb/lab/bench_network.h"
#include "plumb/lab/experiments/experiments.h"
#include "plumb/lab/fixture.h"
#include "plumb/optim/optimiser.h"
#include "plumb/report/number_text.h"
#include "plumb/stats/sketch.h"
#include "plumb/theory/length_map.h"

namespace plumb::lab {

namespace {

using Vector = std::vector<double>;

/// log2 of the norms at each layer, as mean squares over networks and samples.
struct Flow {
  Vector delta;   ///< dJ/dZ
  Vector weight;  ///< dJ/dW
};

Flow measure(const std::string& activation, double gain, std::int64_t width, std::int64_t depth,
             int nets, std::uint64_t seed) {
  constexpr std::int64_t kBatch = 8;
  const auto layers = static_cast<std::size_t>(depth);
  Flow sum{Vector(layers, 0.0), Vector(layers, 0.0)};
  double top_log2 = 0;
  for (int n = 0; n < nets; ++n) {
    const std::uint64_t own = seed + 1000 * static_cast<std::uint64_t>(n);
    BenchNetwork net(repeat(depth, fmt::format("dense {} bias=false > {}", width, activation)),
                     width, kBatch, "lecun_normal", gain, own);
    const Rng rng(own, "lab/x"), up(own, "lab/top");
    for (std::size_t i = 0; i < net.input().size(); ++i) net.input()[i] = rng.normal(i);
    Vector top(net.input().size());
    for (std::size_t i = 0; i < top.size(); ++i) top[i] = up.normal(i);
    net.forward();
    net.backward(top);
    // Relative to the top, so that squares stay within the range of double for 1e300.
    top_log2 = net.observed()[2 * (layers - 1)].log2_gradient_norm;
    for (std::size_t l = 0; l < layers; ++l) {
      sum.delta[l] += std::exp2(2 * (net.observed()[2 * l].log2_gradient_norm - top_log2)) / nets;
      sum.weight[l] +=
          std::exp2(2 * (net.log2_gradient_norm(l) - net.log2_gradient_norm(layers - 1))) / nets;
    }
  }
  for (double& v : sum.delta) v = 0.5 * std::log2(v);
  for (double& v : sum.weight) v = 0.5 * std::log2(v);
  return sum;
}

/// What infinitely wide layers of that kind do to the norm of dJ/dZ, relative to the last layer.
Vector expected(const std::string& activation, double gain, std::int64_t depth) {
  // A linear layer multiplies by gain; mean-field theory knows activations alone.
  Vector out;
  if (activation == "identity") {
    for (std::int64_t l = 1; l <= depth; ++l)
      out.push_back(static_cast<double>(depth - l) * std::log2(gain));
    return out;
  }
  const auto chain = theory::iterate_chain(theory::make_activation(activation), {gain, 0},
                                           gain * gain, static_cast<int>(depth) - 1);
  for (const double growth : chain.growth)
    out.push_back(0.5 * std::log2(chain.growth.back() / growth));
  return out;
}

struct Patient {
  const char* name;
  const char* activation;
  double gain;
};

constexpr Patient kPatients[] = {
    {"sigmoid, gain 1", "sigmoid", 1},
    {"sigmoid, gain 10.15", "sigmoid", 10.1492637100},
    {"tanh, gain 0.8", "tanh", 0.8},
    {"tanh, gain 1", "tanh", 1},
    {"tanh, gain 2", "tanh", 2},
    {"relu, gain 1", "relu", 1},
    {"relu, gain 1.41", "relu", 1.4142135623730951},
    {"identity, gain 0.58", "identity", 0.5773502691896258},
};

Series to_series(std::string name, const Vector& log2_values,
                 SeriesStyle style = SeriesStyle::line) {
  Series series{std::move(name), count_up(log2_values.size()), {}, style};
  for (const double v : log2_values) series.y.push_back(v * kLog10Of2);
  return series;
}

void five_networks(Result& result, const Settings& settings) {
  const std::int64_t depth = settings.integer("depth", 4, 200),
                     width = settings.integer("width", 4, 1000);
  const int nets = static_cast<int>(settings.integer("networks", 1, 100));
  const double factor = settings.number("gain", 0.01, 100);
  Plot delta{"Flow gradient dJ/dZ, relative to the last layer",
             "What travels down. Dashed: mean-field theory for infinitely wide layers. Where the "
             "line falls to the left "
             "the first layers get little; tanh with gain 2 is the opposite case.",
             PlotKind::line,
             {"layer (input side first)", false},
             {"norm of dJ/dZ", true},
             {},
             {}};
  Plot weight{"Parameter gradient dJ/dW, relative to the last layer",
              "What the optimiser sees. With relu and identity it is level although dJ/dZ falls, "
              "because the "
              "activations grow smaller towards the top by the same factor.",
              PlotKind::line,
              {"layer (input side first)", false},
              {"norm of dJ/dW", true},
              {},
              {}};
  Table table{"First layer over last layer", {"network", "dJ/dZ", "theory", "dJ/dW"}, {}};
  // Of the mean square over finite networks, in decades: sqrt(5 L / (width * nets)) e-folds of the
  // square.
  const double noise =
      0.1 + std::sqrt(5 * static_cast<double>(depth) / static_cast<double>(width * nets)) /
                std::log(10.0);
  for (const Patient& patient : kPatients) {
    const double gain = patient.gain * factor;
    const Flow flow = measure(patient.activation, gain, width, depth, nets, settings.seed());
    const Vector theory = expected(patient.activation, gain, depth);
    delta.series.push_back(to_series(patient.name, flow.delta));
    delta.series.push_back(to_series("theory", theory, SeriesStyle::dashed));
    weight.series.push_back(to_series(patient.name, flow.weight));
    table.rows.push_back({patient.name, format_log2(flow.delta.front()),
                          format_log2(theory.front()), format_log2(flow.weight.front())});
    const bool linear = patient.activation == std::string("identity");
    result.near_log2(
        24, fmt::format("first over last dJ/dZ, {}", patient.name), flow.delta.front(),
        theory.front(), noise,
        linear ? "gain^(L-1)" : "product of sigma_w sqrt(E phi'^2): Schoenholz et al. 2017");
    if (factor == 1 && patient.activation == std::string("sigmoid") && patient.gain == 1) {
      // Theory takes its derivatives from the engine; this number does not.
      const double layers = static_cast<double>(depth - 1);
      result.within(24, "sigmoid, gain 1: log10 of what one layer leaves of dJ/dZ",
                    flow.delta.front() * kLog10Of2 / layers, 0.5 * std::log10(0.055720706770),
                    noise / layers, "chi1 = 0.0557 at the fixed point, mpmath");
      result.at_most(23, "sigmoid: log10 of first over last dJ/dW", flow.weight.front() * kLog10Of2,
                     -0.5 * static_cast<double>(depth - 1), "early layers do suffer");
    }
    if (factor == 1 && linear) {
      result.within(23, "identity: log10 of first over last dJ/dW", flow.weight.front() * kLog10Of2,
                    0, 2 * noise, "Glorot and Bengio 2010, eq. 14: flat");
    }
    if (factor == 1 && patient.activation == std::string("tanh") && patient.gain == 2) {
      result.at_least(23, "tanh, gain 2: log10 of first over last dJ/dW",
                      flow.weight.front() * kLog10Of2, 0.3,
                      "the first layers have the largest gradient");
    }
  }
  result.show(std::move(delta));
  result.show(std::move(weight));
  result.show(std::move(table));
  result.say(
      "So whether the first layers suffer depends on the network. Per layer the flow is multiplied "
      "by W^T diag(phi'), on "
      "average by sigma_w sqrt(E phi'^2): exponentially small below 1, exponentially large above. "
      "At exactly 1 "
      "(tanh, gain 1) the decay is slower than any exponential. And the weights do not see dJ/dZ "
      "alone.");
}

void critical_tanh(Result& result, const Settings& settings) {
  // The product of chi1 over l layers of tanh at gain 1, times l, tends to 0.706 from q_0 = 1.
  const std::int64_t width = std::max<std::int64_t>(settings.integer("width", 4, 1000), 100);
  const int depth = 51;
  const Flow flow = measure("tanh", 1, width, depth, 2, settings.seed());
  const double product = std::exp2(2 * flow.delta.front());
  result.within(24, "tanh at gain 1: log10 of the squared gradient through 50 layers",
                std::log10(product), std::log10(1.433477e-2), 0.5,
                "1.43e-2 (mean field): polynomial, about 0.7 / L; not exponential");
}

void fixtures(Result& result) {
  Table table{"Twenty-one layers that PyTorch has computed too",
              {"network", "dJ/dZ1", "dJ/dZ21", "dJ/dW1", "dJ/dW21"},
              {}};
  const auto row = [&](const char* name, const char* activation, double gain, double first,
                       double last) {
    DeepFixture fixture(activation, gain);
    BenchNetwork& net = fixture.network;
    net.differentiate("cross_entropy", fixture.target());
    const std::size_t top = net.param_count() - 2;  // weights and biases alternate
    table.rows.push_back({name, format_log2(net.observed().front().log2_gradient_norm),
                          format_log2(net.observed().back().log2_gradient_norm),
                          format_log2(net.log2_gradient_norm(0)),
                          format_log2(net.log2_gradient_norm(top))});
    const double log2_first = net.log2_gradient_norm(0), log2_last = net.log2_gradient_norm(top);
    result.near(23, fmt::format("norm of dJ/dW1, {}", name), std::exp2(log2_first), first, 1e-9,
                "PyTorch 1.13, double");
    result.near(23, fmt::format("norm of dJ/dW21, {}", name), std::exp2(log2_last), last, 1e-9,
                "PyTorch 1.13, double");
  };
  row("sigmoid", "sigmoid", 1, 3.037234999929e-13, 3.686194005613e-1);
  row("relu, He", "relu", std::sqrt(2.0), 2.516225354743e-1, 4.506774809078e-1);
  row("identity, 1/sqrt(3)", "identity", 1 / std::sqrt(3.0), 1.529215777606e-5, 6.973876264056e-6);
  result.show(std::move(table));
}

void linear_identity(Result& result, const Settings& settings) {
  const std::int64_t depth = settings.integer("depth", 4, 200);
  BenchNetwork net(repeat(depth, "dense 1 bias=false"), 1, 1, "normal:1", 1, settings.seed());
  net.input()[0] = 1;
  net.forward();
  net.backward(Vector{1});
  const double reference = net.param(0)[0] * net.gradient(0)[0];
  double worst = 0;
  for (std::size_t i = 0; i < net.param_count(); ++i) {
    worst = std::max(worst, std::abs(net.param(i)[0] * net.gradient(i)[0] / reference - 1));
  }
  result.say(
      "In the tutorial's own linear chain no layer is ahead of another: w_l dJ/dw_l is the product "
      "of all weights, the "
      "same for every layer.");
  result.at_most(23, "w_l dJ/dw_l over the layers of a linear chain, largest deviation", worst,
                 1e-12, "the same for all l, exactly");
}

/// The fixture in float, after one step of Adam: which fraction of the first weights moved at all?
double moved_by_adam(double& flushed) {
  DeepFixture fixture;
  fixture.network.differentiate("cross_entropy", fixture.target());
  BenchNetwork& exact = fixture.network;
  const auto size = exact.param(0).size();
  Param weight("weight", Shape{static_cast<std::int64_t>(size)}, DType::f32, 16, 16);
  const Vector gradient = exact.gradient(0);
  for (std::size_t i = 0; i < size; ++i) {
    weight.value.as<float>()[i] = static_cast<float>(exact.param(0)[i]);
    weight.grad.as<float>()[i] = static_cast<float>(gradient[i]);
  }
  weight.grad_is_zero = false;
  const Tensor before = weight.value.clone();
  OptimiserConfig config;
  config.name = "adam";
  Param* const params[] = {&weight};
  ThreadPool one(1);
  make_optimiser(config)->step(params, 1e-3, 1, 0, one, nullptr);
  double moved = 0, zero = 0;
  for (std::size_t i = 0; i < size; ++i) {
    moved += before.as<float>()[i] != weight.value.as<float>()[i];
    zero += std::abs(gradient[i]) <= std::ldexp(1.0, -25);
  }
  flushed = zero / static_cast<double>(size);
  return moved / static_cast<double>(size);
}

void finite_is_not_enough(Result& result) {
  double flushed = 0;
  const double moved = moved_by_adam(flushed);
  result.say(
      fmt::format("'All gradients are finite, so we can update' is not enough either. The gradient "
                  "of 3e-13 above is finite. One "
                  "step of Adam (rate 0.001, eps 1e-8) changes {} of the first layer's float "
                  "weights at all; kept in half precision, {} "
                  "of those gradients are exactly zero.",
                  format_percent(moved), format_percent(flushed)));
  result.at_most(14, "fraction of the first weights that a step of Adam changes", moved, 0.2,
                 "update below half a unit in the last place");
  result.near(14, "fraction of the first gradients that fp16 rounds to zero", flushed, 1, 0,
              "below 2^-25");
}

Result run(const Settings& settings) {
  Result result;
  five_networks(result, settings);
  critical_tanh(result, settings);
  fixtures(result);
  linear_identity(result, settings);
  finite_is_not_enough(result);
  return result;
}

}  // namespace

Experiment victims_experiment() {
  return {
      "victims",
      "Which layers suffer, and when",
      "More factors stand between the loss and an early layer, so the first layers suffer most: is "
      "that so for "
      "every activation and every start? And is what travels down the same as what the weights "
      "get?",
      {
          {14, "All gradients are finite: update the parameters.", Judgement::inexact,
           "Necessary, not sufficient. A gradient of 3e-13 is finite and moves nothing under Adam "
           "with eps 1e-8, and is "
           "zero in half precision."},
          {23, "The initial layers suffer most.", Judgement::conditional,
           "With sigmoid they do. In linear and relu networks dJ/dW is the same at all layers "
           "although dJ/dZ decays, and "
           "with large weights the first layers get the largest gradients."},
          {24, "Each step multiplies by the weight matrix, so the gradient decays exponentially.",
           Judgement::inexact,
           "By W^T diag(phi'). Its size sigma_w sqrt(E phi'^2) decides between decay and growth; "
           "at 1 the decay is "
           "polynomial."},
      },
      {
          {"depth", "20", "layers"},
          {"width", "100", "units of each"},
          {"gain", "1", "multiplies the gain of every network"},
          {"networks", "5", "networks of each kind"},
          {"seed", "1", "of the weights"},
      },
      run};
}

}  // namespace plumb::lab
