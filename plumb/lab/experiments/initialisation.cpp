// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "plumb/core/rng.h"
#include "plumb/lab/bench_network.h"
#include "plumb/lab/experiments/experiments.h"
#include "plumb/lab/short_training.h"
#include "plumb/lab/singular_values.h"
#include "plumb/report/number_text.h"
#include "plumb/theory/length_map.h"

namespace plumb::lab {

namespace {

using Vector = std::vector<double>;

/// log2 of the mean over networks and samples of |z_l|^2 / width, and of |dJ/dz_l|^2 relative to
/// the last layer.
struct Profile {
  Vector forward;
  Vector backward;
};

Profile measure(const std::string& activation, const std::string& init, std::int64_t width,
                std::int64_t depth, int nets, std::uint64_t seed) {
  constexpr std::int64_t kBatch = 4;
  const auto layers = static_cast<std::size_t>(depth);
  Profile profile{Vector(layers, 0.0), Vector(layers, 0.0)};
  for (int n = 0; n < nets; ++n) {
    const std::uint64_t own = seed + 1000 * static_cast<std::uint64_t>(n);
    BenchNetwork net(repeat(depth, fmt::format("dense {} bias=false > {}", width, activation)),
                     width, kBatch, init, 1, own);
    const Rng rng(own, "lab/x"), up(own, "lab/top");
    for (std::size_t i = 0; i < net.input().size(); ++i) net.input()[i] = rng.normal(i);
    Vector top(net.input().size());
    for (std::size_t i = 0; i < top.size(); ++i) top[i] = up.normal(i);
    net.forward();
    net.backward(top);
    const auto& seen = net.observed();
    for (std::size_t l = 0; l < layers; ++l) {
      const double size = 0.5 * std::log2(static_cast<double>(width * kBatch));
      profile.forward[l] += std::exp2(2 * (seen[2 * l].log2_output_norm - size)) / nets;
      profile.backward[l] += std::exp2(2 * (seen[2 * l].log2_gradient_norm -
                                            seen[2 * layers - 2].log2_gradient_norm)) /
                             nets;
    }
  }
  for (double& v : profile.forward) v = std::log2(v);
  for (double& v : profile.backward) v = std::log2(v);
  return profile;
}

struct Scheme {
  const char* name;
  const char* activation;
  const char* init;
  double variance;  ///< fan_in times the variance of a weight
};

constexpr Scheme kSchemes[] = {
    {"relu, He", "relu", "he_normal", 2},
    {"relu, Xavier", "relu", "glorot_normal", 1},
    {"relu, PyTorch's default", "relu", "pytorch", 1.0 / 3},
    {"tanh, Xavier", "tanh", "glorot_normal", 1},
    {"tanh, PyTorch's default", "tanh", "pytorch", 1.0 / 3},
    {"sigmoid, Xavier", "sigmoid", "glorot_normal", 1},
};

Series half(std::string name, const Vector& log2_squares, SeriesStyle style) {
  Series series{std::move(name), count_up(log2_squares.size()), {}, style};
  for (const double v : log2_squares) series.y.push_back(0.5 * v * kLog10Of2);
  return series;
}

void laws(Result& result, const Settings& settings) {
  const std::int64_t depth = settings.integer("depth", 2, 200),
                     width = settings.integer("width", 4, 1000);
  const int nets = static_cast<int>(settings.integer("networks", 1, 100));
  Plot forward{"Pre-activations: rms at each layer",
               "Dashed: what mean-field theory expects of infinitely wide layers. Only a scheme "
               "made for its activation is level.",
               PlotKind::line,
               {"layer", false},
               {"rms of z", true},
               {},
               {}};
  Plot backward{"Gradient: norm of dJ/dz, relative to the last layer",
                "Read from right to left, as the gradient travels.",
                PlotKind::line,
                {"layer", false},
                {"norm of dJ/dz", true},
                {},
                {}};
  Table table{"Over all layers", {"scheme", "rms of z", "theory", "norm of dJ/dz", "theory"}, {}};
  const double noise =
      0.1 + std::sqrt(5 * static_cast<double>(depth) / static_cast<double>(width * nets)) /
                std::log(10.0);
  for (const Scheme& scheme : kSchemes) {
    const Profile profile =
        measure(scheme.activation, scheme.init, width, depth, nets, settings.seed());
    // The input has variance 1, so the first z has the scheme's.
    const theory::LengthChain chain = theory::iterate_chain(
        theory::make_activation(scheme.activation), {std::sqrt(scheme.variance), 0},
        scheme.variance, static_cast<int>(depth) - 1);
    Vector q, growth;
    for (const double v : chain.q) q.push_back(std::log2(v));
    for (const double v : chain.growth) growth.push_back(std::log2(chain.growth.back() / v));
    forward.series.push_back(half(scheme.name, profile.forward, SeriesStyle::line));
    forward.series.push_back(half("", q, SeriesStyle::dashed));
    backward.series.push_back(half(scheme.name, profile.backward, SeriesStyle::line));
    backward.series.push_back(half("", growth, SeriesStyle::dashed));
    table.rows.push_back({scheme.name, format_log2(0.5 * profile.forward.back()),
                          format_log2(0.5 * q.back()), format_log2(0.5 * profile.backward.front()),
                          format_log2(0.5 * growth.front())});
    result.near_log2(27, fmt::format("rms of the last z, {}", scheme.name),
                     0.5 * profile.forward.back(), 0.5 * q.back(), noise,
                     "Poole et al. 2016, eq. 3; of relu: variance n Var(w) / 2 a layer");
    result.near_log2(27, fmt::format("first over last dJ/dz, {}", scheme.name),
                     0.5 * profile.backward.front(), 0.5 * growth.front(), noise,
                     "product of sigma_w sqrt(E phi'^2)");
  }
  result.show(std::move(forward));
  result.show(std::move(backward));
  result.show(std::move(table));
}

void he_over_xavier(Result& result, const Settings& settings) {
  // The same normal draws, once times sqrt(2/n) and once times sqrt(1/n): relu is homogeneous, so
  // the ratio is exact, in every network.
  constexpr std::int64_t kWidth = 16;
  const std::int64_t depth = settings.integer("depth", 2, 200);
  const auto output = [&](const char* init) {
    BenchNetwork net(repeat(depth, fmt::format("dense {} bias=false > relu", kWidth)), kWidth, 64,
                     init, 1, settings.seed());
    const Rng rng(settings.seed(), "lab/x");
    for (std::size_t i = 0; i < net.input().size(); ++i) net.input()[i] = rng.normal(i);
    net.forward();
    net.backward(Vector(net.input().size(), 1.0));
    return net.observed()[2 * static_cast<std::size_t>(depth) - 2].log2_output_norm;
  };
  const double ratio = output("glorot_normal") - output("he_normal");
  result.near_log2(27, fmt::format("Xavier over He behind {} relu layers", depth), ratio,
                   -0.5 * static_cast<double>(depth), 1e-9,
                   "He et al. 2015, section 2.2: 1/sqrt(2)^L, exactly");
}

void singular_values_of_a_layer(Result& result, const Settings& settings) {
  constexpr std::int64_t kWidth = 200;
  const auto mean_of = [&](const char* init) {
    BenchNetwork net(fmt::format("dense {} bias=false", kWidth), kWidth, 1, init, 1,
                     settings.seed());
    const Vector s = singular_values(net.param(0), kWidth);
    double sum = 0;
    for (const double value : s) sum += value;
    return sum / static_cast<double>(s.size());
  };
  const double law = 8 / (3 * std::numbers::pi);
  const double xavier = mean_of("glorot_uniform"), standard = mean_of("pytorch");
  result.say(fmt::format(
      "A layer's Jacobian stretches by its singular values. Glorot and Bengio report about 0.8 on "
      "average with their normalised scheme and 0.5 with the standard one. For a wide square layer "
      "the quarter-circle law gives 8/(3 pi) = 0.849, and times sqrt(1/3) 0.490; measured here at "
      "{} units: {} and {}.",
      kWidth, number(xavier, 4), number(standard, 4)));
  // The mean of n singular values scatters by about 1/n.
  result.within(27, "mean singular value, Xavier", xavier, law, 0.01, "8 / (3 pi)");
  result.within(27, "mean singular value, PyTorch's default", standard, law / std::sqrt(3.0), 0.01,
                "8 / (3 pi sqrt 3)");
}

void thirty_layers(Result& result, const Settings& settings) {
  const Split data =
      load_split("glyphs", {settings.integer("images", 20, 100'000), 0, false, settings.seed()});
  Table table{"Thirty layers of relu, trained",
              {"initialisation", "reach", "loss at the start", "loss at the end", "accuracy"},
              {}};
  const auto train = [&](const char* init) {
    const Outcome outcome =
        train_briefly(short_config("flatten > 30 x [dense 64 > relu] > dense 10", init, 0.01,
                                   settings.integer("steps", 2, 1'000'000), settings.seed()),
                      data);
    table.rows.push_back({init, format_log2(outcome.log2_reach_at_start),
                          number(outcome.start_loss, 3), number(outcome.loss, 3),
                          format_percent(outcome.accuracy)});
    return outcome;
  };
  const Outcome he = train("he_normal"), xavier = train("glorot_normal"), torch = train("pytorch");
  result.show(std::move(table));
  result.say(
      "Thirty layers: with He's variance the network learns, with Xavier's it stalls, as in figure "
      "3 of He et al. 2015. What initialisation buys is that it can be trained, not a better "
      "network at a depth that trains anyway.");
  result.at_least(27, "30 relu layers, He: accuracy", he.accuracy, 0.4, "it learns");
  result.at_most(27, "30 relu layers, Xavier: accuracy", xavier.accuracy, 0.25,
                 "He et al. 2015: completely stalls");
  result.at_most(36, "30 relu layers, PyTorch's default: accuracy", torch.accuracy, 0.2,
                 "a third of Xavier's variance");
}

Result run(const Settings& settings) {
  Result result;
  laws(result, settings);
  he_over_xavier(result, settings);
  singular_values_of_a_layer(result, settings);
  thirty_layers(result, settings);
  return result;
}

}  // namespace

Experiment initialisation_experiment() {
  return {
      "initialisation",
      "What an initialisation does, layer by layer",
      "Xavier initialisation is the tutorial's first remedy: it 'can reduce' the trouble 'to "
      "some extent'. To which extent, for which activation, and what do He's scheme and a "
      "framework's default do?",
      {
          {27, "Xavier initialisation reduces the problem to some extent.", Judgement::right,
           "It is exact for linear layers and tanh. relu needs twice the variance: Xavier loses "
           "sqrt(2) a layer. For sigmoid no usual scheme is enough."},
      },
      {
          {"depth", "22", "layers whose norms are measured"},
          {"width", "200", "units of each"},
          {"networks", "4", "networks of each scheme"},
          {"images", "1500", "for the training of 30 layers"},
          {"steps", "800", "of that training"},
          {"seed", "1", "of weights and order"},
      },
      run};
}

}  // namespace plumb::lab
