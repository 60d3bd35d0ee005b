// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plumb/lab/experiments/experiments.h"
#include "plumb/lab/short_training.h"
#include "plumb/report/number_text.h"
#include "plumb/theory/length_map.h"

namespace plumb::lab {

namespace {

/// One thing changed in the sick network: N x [dense W > sigmoid], PyTorch's default start, plain
/// gradient descent.
struct Remedy {
  const char* name;
  const char* block;  ///< {0} the width, {1} 1/sqrt(depth)
  const char* init = "pytorch";
  const char* bias_init = "pytorch";
  const char* optimiser = "sgd";
  double rate_factor = 1;
  double clip_norm = 0;
};

constexpr Remedy kRemedies[] = {
    {.name = "nothing", .block = "dense {0} > sigmoid"},
    {.name = "Xavier",
     .block = "dense {0} > sigmoid",
     .init = "glorot_normal",
     .bias_init = "zeros"},
    {.name = "clipping", .block = "dense {0} > sigmoid", .clip_norm = 1},
    {.name = "Adam", .block = "dense {0} > sigmoid", .optimiser = "adam", .rate_factor = 0.1},
    {.name = "tanh, Xavier",
     .block = "dense {0} > tanh",
     .init = "glorot_normal",
     .bias_init = "zeros"},
    {.name = "relu, default", .block = "dense {0} > relu"},
    {.name = "relu, He", .block = "dense {0} > relu", .init = "he_normal", .bias_init = "zeros"},
    {.name = "selu, LeCun",
     .block = "dense {0} > selu",
     .init = "lecun_normal",
     .bias_init = "zeros"},
    {.name = "batch norm", .block = "dense {0} > bn > sigmoid"},
    {.name = "layer norm", .block = "dense {0} > ln > sigmoid"},
    {.name = "residual", .block = "res scale={1} [dense {0} > sigmoid > dense {0}]"},
    {.name = "tanh, residual",
     .block = "res scale={1} [dense {0} > tanh]",
     .init = "lecun_normal",
     .bias_init = "zeros"},
};

struct Treated {
  const Remedy* remedy;
  std::int64_t depth;
  double reach = 0;  ///< log2, mean over seeds
  double reach_end = 0;
  double accuracy = 0;  ///< mean over seeds
  double worst = 1;
};

Treated treat(const Remedy& remedy, std::int64_t depth, const Settings& settings,
              const Split& data) {
  const std::int64_t width = settings.integer("width", 2, 1000);
  const std::string block =
      fmt::format(fmt::runtime(remedy.block), width, 1 / std::sqrt(static_cast<double>(depth)));
  TrainConfig config =
      short_config(fmt::format("flatten > dense {} > {} x [{}] > dense 10", width, depth, block),
                   remedy.init, settings.number("lr", 1e-5, 10) * remedy.rate_factor,
                   settings.integer("steps", 2, 100'000), 0);
  config.bias_init = remedy.bias_init;
  config.optimiser.name = remedy.optimiser;
  if (config.optimiser.name == "adam") config.optimiser.momentum = 0;  // it has its own
  config.clip_norm = remedy.clip_norm;
  const int seeds = static_cast<int>(settings.integer("seeds", 1, 100));
  Treated treated{&remedy, depth};
  for (int s = 0; s < seeds; ++s) {
    config.seed = settings.seed() + static_cast<std::uint64_t>(s);
    const Outcome outcome = train_briefly(config, data);
    treated.reach += outcome.log2_reach_at_start / seeds;
    treated.reach_end += outcome.log2_reach_at_end / seeds;
    treated.accuracy += outcome.accuracy / seeds;
    treated.worst = std::min(treated.worst, outcome.accuracy);
  }
  return treated;
}

/// The product over `layers` of chi1 of tanh with variances 1/n, from a signal of variance 1 on.
double tanh_xavier_product(std::int64_t layers) {
  const theory::LengthChain chain =
      theory::iterate_chain(theory::make_activation("tanh"), {1, 0}, 1, static_cast<int>(layers));
  return chain.growth.back();
}

Result run(const Settings& settings) {
  Result result;
  const Split data =
      load_split("glyphs", {settings.integer("images", 20, 100'000), 0, false, settings.seed()});
  const std::int64_t depth = settings.integer("depth", 2, 500), deeper = 3 * depth;
  std::vector<Treated> all;
  for (const std::int64_t layers : {depth, deeper}) {
    for (const Remedy& remedy : kRemedies) all.push_back(treat(remedy, layers, settings, data));
  }
  const auto find = [&](std::string_view name, std::int64_t layers) -> const Treated& {
    return *std::find_if(all.begin(), all.end(), [&](const Treated& t) {
      return t.remedy->name == name && t.depth == layers;
    });
  };

  Table table{
      fmt::format("{} blocks of width {}: equal steps, rates, seeds and images", depth,
                  settings.integer("width", 2, 1000)),
      {"change", "reach before", "reach after", "accuracy", fmt::format("at {} blocks", deeper)},
      {}};
  Plot plot{"What each remedy brings",
            fmt::format("Accuracy on the training images; guessing is 10 %. The same change at {} "
                        "and at {} blocks.",
                        depth, deeper),
            PlotKind::bars,
            {"", false},
            {"images right, in %", false},
            {},
            {}};
  Series here{fmt::format("{} blocks", depth), {}, {}},
      there{fmt::format("{} blocks", deeper), {}, {}};
  int cures = 0, failures = 0;
  for (const Remedy& remedy : kRemedies) {
    const Treated &near = find(remedy.name, depth), &far = find(remedy.name, deeper);
    table.rows.push_back({remedy.name, format_log2(near.reach), format_log2(near.reach_end),
                          format_percent(near.accuracy), format_percent(far.accuracy)});
    plot.categories.emplace_back(remedy.name);
    here.y.push_back(100 * near.accuracy);
    there.y.push_back(100 * far.accuracy);
    const bool cured = near.accuracy > 0.5;
    cures += cured;
    failures += cured && far.accuracy < 0.6 * near.accuracy;
  }
  plot.series = {here, there};
  result.show(std::move(table));
  result.show(std::move(plot));
  result.say(fmt::format(
      "Reach is the gradient of the first layer over that of the last. {} of the {} changes bring "
      "the network above one half; {} of those fall back at three times the depth. Clipping does "
      "nothing for a gradient that is too small, and a large reach alone is no success either: it "
      "is necessary, not sufficient. So: no complete cure, but some that hold for this network.",
      cures, std::size(kRemedies) - 1, failures));

  // Mean field: the root of chi1 a layer, 0.141407 for a sigmoid with PyTorch's start; of tanh
  // with Xavier, whose signal shrinks to where it is linear, the product over the layers.
  // The ten outputs send back through weights of variance 2 / (n + 10) and 1 / (3 n).
  const double layers = static_cast<double>(depth);
  const double width = static_cast<double>(settings.integer("width", 2, 1000));
  const double expected = -layers * std::log10(0.141407) +
                          0.5 * std::log10(tanh_xavier_product(depth)) +
                          0.5 * std::log10(6 * width / (width + 10));
  // Layers of finite width: the log of a squared gradient spreads by about sqrt(2 L / n) in either
  // network; four standard deviations.
  const double noise = 4 * 0.5 * std::sqrt(4 * layers / width) / std::log(10.0);
  result.within(27, "log10 of the reach, tanh with Xavier over the untreated network",
                (find("tanh, Xavier", depth).reach - find("nothing", depth).reach) * kLog10Of2,
                expected, noise,
                "mean field: chi1 = 0.019996 a layer against the product of E tanh'^2");
  if (settings.is_default("depth") && settings.is_default("width") && settings.is_default("lr")) {
    result.at_most(26, "untreated: accuracy", find("nothing", depth).accuracy, 0.2, "it is sick");
    result.at_most(26, "clipping: accuracy", find("clipping", depth).accuracy, 0.2,
                   "it bounds large gradients only");
    result.at_most(27, "Xavier with sigmoid: accuracy", find("Xavier", depth).accuracy, 0.2,
                   "chi1 = 0.056 a layer");
    result.at_least(26, "tanh, Xavier: accuracy", find("tanh, Xavier", depth).accuracy, 0.5,
                    "cured here");
    result.at_least(26, "tanh, residual: accuracy", find("tanh, residual", depth).accuracy, 0.5,
                    "cured here");
    result.at_least(26, "cures that fail at three times the depth", failures, 1,
                    "no complete cure");
  }
  return result;
}

}  // namespace

Experiment remedies_experiment() {
  return {
      "remedies",
      "The remedies side by side",
      "One sick network, one change at a time, everything else equal: what does each remedy of "
      "the tutorial, and some others, do to the gradient and to learning?",
      {
          {26, "There is no complete cure.", Judgement::inexact,
           "For the signal at the start there are some: residual branches that begin at zero, "
           "orthogonal "
           "weights at the critical gain. In training several cure this network, and some of them "
           "fail when it is three times as deep."},
      },
      {
          {"depth", "30", "blocks; everything is tried at three times as many, too"},
          {"width", "64", "units of each"},
          {"images", "1000", "how many"},
          {"steps", "350", "of batches of 32"},
          {"seeds", "1", "trainings of each"},
          {"lr", "0.01", "learning rate"},
          {"seed", "1", "of the first"},
      },
      run};
}

}  // namespace plumb::lab
