// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plumb/lab/experiments/experiments.h"
#include "plumb/lab/short_training.h"
#include "plumb/report/number_text.h"

namespace plumb::lab {

namespace {

/// One way to build a network of any depth.
struct Recipe {
  const char* name;
  const char* block;  ///< with {} for the width
  const char* init;
  double gain;
  const char* bias_init;
};

// 1.3041: where gradients of tanh neither grow nor shrink with biases N(0, 0.2^2) (plumb theory).
constexpr Recipe kRecipes[] = {
    {"sigmoid, Xavier", "dense {0} > sigmoid", "glorot_normal", 1, "zeros"},
    {"tanh, Xavier", "dense {0} > tanh", "glorot_normal", 1, "zeros"},
    {"tanh, orthogonal", "dense {0} > tanh", "orthogonal", 1, "zeros"},
    {"tanh, critical", "dense {0} > tanh", "lecun_normal", 1.3041, "normal:0.2"},
    {"relu, PyTorch's default", "dense {0} > relu", "pytorch", 1, "pytorch"},
    {"relu, Xavier", "dense {0} > relu", "glorot_normal", 1, "zeros"},
    {"relu, He", "dense {0} > relu", "he_normal", 1, "zeros"},
    {"selu, LeCun", "dense {0} > selu", "lecun_normal", 1, "zeros"},
    {"tanh, residual", "res scale={1} [dense {0} > tanh]", "lecun_normal", 1, "zeros"},
};

struct Curve {
  std::string name;
  std::vector<double> accuracy;
  std::vector<double> loss;
};

std::vector<double> depths(const Settings& settings) {
  const auto deepest = static_cast<double>(settings.integer("depth", 2, 1000));
  std::vector<double> list{2, 5, 10, 20, 50, 100, 200, 500, 1000};
  std::erase_if(list, [&](double d) { return d >= deepest; });
  list.push_back(deepest);
  return list;
}

Outcome train_one(const Recipe& recipe, std::int64_t depth, const Settings& settings,
                  const Split& data) {
  const std::int64_t width = settings.integer("width", 2, 1000);
  const std::string block =
      fmt::format(fmt::runtime(recipe.block), width, 1 / std::sqrt(static_cast<double>(depth)));
  // One layer that meets the images, then depth - 1 equal ones.
  const std::string activation =
      std::string(recipe.block).substr(std::string(recipe.block).find("> ") + 2);
  std::string first = fmt::format("dense {} > {}", width, activation);
  if (first.back() == ']') first.pop_back();
  TrainConfig config = short_config(
      fmt::format("flatten > {} > {} x [{}] > dense 10", first, depth - 1, block), recipe.init,
      settings.number("lr", 1e-6, 100), settings.integer("steps", 2, 1'000'000), settings.seed());
  config.gain = recipe.gain;
  config.bias_init = recipe.bias_init;
  return train_briefly(config, data);
}

Result run(const Settings& settings) {
  Result result;
  const Split data = load_split(settings.text("data"), {settings.integer("images", 20, 1'000'000),
                                                        0, false, settings.seed()});
  const std::vector<double> all = depths(settings);
  Table table{
      "Accuracy on the images it trained on, by number of layers", {"network", "reach"}, {}};
  for (const double depth : all) table.head.push_back(fmt::format("{}", depth));
  std::vector<Curve> curves;
  for (const Recipe& recipe : kRecipes) {
    Curve& curve = curves.emplace_back(Curve{recipe.name, {}, {}});
    double reach = 0;
    for (const double depth : all) {
      const Outcome outcome = train_one(recipe, static_cast<std::int64_t>(depth), settings, data);
      curve.accuracy.push_back(outcome.accuracy);
      curve.loss.push_back(outcome.loss);
      reach = outcome.log2_reach_at_start;
    }
    std::vector<std::string> row{recipe.name, format_log2(reach)};
    for (const double accuracy : curve.accuracy) row.push_back(format_percent(accuracy));
    table.rows.push_back(std::move(row));
  }
  Plot accuracy{
      "Accuracy against depth",
      "Ten classes: a line at 10 % is guessing. More layers of the same kind make it worse "
      "for most; the residual network, and less so the orthogonal one, keep learning.",
      PlotKind::line,
      {"layers", true},
      {"images right, in %", false},
      {},
      {}};
  Plot loss{"Training loss against depth",
            "It is the training loss that rises, so this is not overfitting: the deeper network "
            "could represent what the shallow one does and is not brought there.",
            PlotKind::line,
            {"layers", true},
            {"loss", false},
            {},
            {}};
  for (const Curve& curve : curves) {
    Series series{curve.name, {}, {}};
    for (const double depth : all) series.x.push_back(std::log10(depth));
    for (const double value : curve.accuracy) series.y.push_back(100 * value);
    accuracy.series.push_back(series);
    series.y.clear();
    for (const double value : curve.loss) series.y.push_back(value < 10 ? value : NAN);
    loss.series.push_back(std::move(series));
  }
  result.show(std::move(accuracy));
  result.show(std::move(table));
  result.show(std::move(loss));
  result.say(
      "Reach is the gradient (rms of dJ/dz) of the first layer over that of the last before "
      "training, in the deepest network. Where it is far below 1 the first layers have no signal "
      "to follow; adding layers "
      "adds factors. Whether depth is possible is decided by activation, initialisation and "
      "shortcuts, not by the number of patterns that are left to learn.");

  const auto at = [&](const char* name, double depth) {
    for (const Curve& curve : curves) {
      if (curve.name != name) continue;
      for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i] == depth) return curve.accuracy[i];
      }
    }
    return std::nan("");
  };
  const double deepest = all.back();
  result.at_least(4, "sigmoid, 2 layers: accuracy", at("sigmoid, Xavier", 2), 0.3, "it can learn");
  if (deepest >= 20) {
    result.at_most(4, fmt::format("sigmoid, {} layers: accuracy", deepest),
                   at("sigmoid, Xavier", deepest), 0.2, "ten classes: guessing is 0.1");
  }
  if (deepest >= 50) {
    const double fifty = std::min(deepest, 50.0);
    result.at_most(27, fmt::format("sigmoid, Xavier, {} layers: accuracy", fifty),
                   at("sigmoid, Xavier", fifty), 0.2, "chi1 = 0.056 a layer: Xavier is no help");
    result.at_least(27, fmt::format("relu at {} layers: accuracy of He minus Xavier", fifty),
                    at("relu, He", fifty) - at("relu, Xavier", fifty), 0.2,
                    "He et al. 2015, figure 3: Xavier stalls");
    result.at_least(33, fmt::format("tanh, critical, {} layers: accuracy", fifty),
                    at("tanh, critical", fifty), 0.5, "far from useless");
    result.at_most(36, fmt::format("relu, PyTorch's default, {} layers: accuracy", fifty),
                   at("relu, PyTorch's default", fifty), 0.2, "a factor of 1/6 a layer");
    result.at_least(26, fmt::format("residual, {} layers: accuracy", deepest),
                    at("tanh, residual", deepest), 0.5, "depth itself is no obstacle");
  }
  return result;
}

}  // namespace

Experiment depth_experiment() {
  return {"depth",
          "Depth matters, but not the way it is meant",
          "If patterns are not learned well, add layers: so the tutorial. Here the same network is "
          "trained at depths from 2 to 100, for several activations and initialisations, with the "
          "same number of steps.",
          {
              {4, "If patterns are not learned well, more layers are the answer.", Judgement::wrong,
               "The training loss gets worse with depth unless activation, initialisation or "
               "shortcuts let the gradient through."},
              {33, "Do not use sigmoid or tanh.", Judgement::inexact,
               "Too strong: tanh started at its critical point trains at a depth where relu with a "
               "framework's default does not. Gates need both."},
              {36, "ReLU is a great relief.", Judgement::conditional,
               "With He's variance. With the default of a framework it loses a factor of 6 of the "
               "squared gradient in each layer."},
          },
          {
              {"data", "glyphs", "images, or mnist:DIR"},
              {"images", "1500", "how many"},
              {"depth", "100", "the deepest network"},
              {"width", "64", "units of a hidden layer"},
              {"steps", "600", "of batches of 32"},
              {"lr", "0.01", "learning rate"},
              {"seed", "1", "of weights and order"},
          },
          run};
}

}  // namespace plumb::lab
