// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "plumb/data/dataset.h"
#include "plumb/lab/experiments/experiments.h"
#include "plumb/lab/experiments/figure_one.h"
#include "plumb/lab/experiments/figure_one_curves.h"
#include "plumb/report/number_text.h"
#include "plumb/train/trainer.h"

namespace plumb::lab {

namespace {

using Vector = std::vector<double>;

void note(LearningSpeeds& speeds, const RunInfo& info, const StepRecord& record) {
  // The records of parameters come in the order in which their gradients were complete.
  std::map<LayerId, double> by_place;
  for (const SketchRecord& one : record.sketches) {
    if (one.site.role != Role::grad_weight) continue;
    const ParamInfo& param = info.param(one.site.id);
    if (param.use != ParamUse::bias) continue;
    const double size = static_cast<double>(one.sketch.count);
    by_place[param.users.front()] = std::exp2(one.sketch.true_log2_rms()) * std::sqrt(size);
  }
  speeds.norm.resize(by_place.size());
  std::size_t layer = 0;
  for (const auto& [place, norm] : by_place) speeds.norm[layer++].push_back(norm);
}

LearningSpeeds train(const TrainConfig& config, const Split& data) {
  Trainer trainer(config, data);
  return learning_speeds(trainer);
}

Series series_of(std::string name, const Vector& epochs, const Vector& norms) {
  Series series{std::move(name), {}, {}};
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    series.x.push_back(epochs[i]);
    series.y.push_back(std::log10(norms[i]));
  }
  return series;
}

/// The whole curves, where the protocol is that of a program that computed them too.
void hold_against_others(Result& result, const Settings& settings, int hidden,
                         std::span<const LearningSpeeds> trainings) {
  for (const char* name : {"images", "epochs", "width"}) {
    if (!settings.is_default(name)) return;
  }
  if (settings.is_default("data")) {
    hold_curves(result, hidden, trainings, independent_curves(), kIndependentSeeds,
                "tools/numpy_figure_one.py, 12 seeds of its own");
  } else if (settings.text("data").starts_with("mnist")) {
    hold_curves(result, hidden, trainings, published_curves(), 1,
                "Nielsen, chapter 5: one training on MNIST");
  }
}

void original(Result& result, const Settings& settings, const Split& data) {
  const auto seeds = static_cast<int>(settings.integer("seeds", 1, 100));
  const std::vector<std::vector<double>> published{
      {}, {}, {}, {0.012, 0.060, 0.283}, {0.003, 0.017, 0.070, 0.285}};
  Table table{"Norm of dJ/db before the first update, mean over seeds",
              {"hidden layers", "layer", "measured", "Nielsen, MNIST"},
              {}};
  int ordered = 0, trainings = 0;
  double fall = 0;
  for (int hidden = 2; hidden <= 4; ++hidden) {
    const auto layers = static_cast<std::size_t>(hidden);
    Vector mean(layers, 0.0);
    std::vector<LearningSpeeds> made;
    for (int s = 0; s < seeds; ++s) {
      const LearningSpeeds& speeds = made.emplace_back(train(
          figure_one_protocol(settings, hidden, settings.seed() + static_cast<std::uint64_t>(s)),
          data));
      bool rising = true;
      for (std::size_t l = 0; l < layers; ++l) {
        mean[l] += std::log10(speeds.first(l)) / seeds;
        rising = rising && (l == 0 || speeds.first(l) > speeds.first(l - 1));
      }
      ordered += rising;
      ++trainings;
      fall += std::log10(speeds.last(0) / speeds.first(0));
      if (s > 0) continue;
      Plot plot{fmt::format("Speed of learning, {} hidden layers of sigmoid", hidden),
                "The figure of the book and the tutorial, made again: each layer learns more "
                "slowly than the one above "
                "it, by a factor of five or so, from the first step on and throughout.",
                PlotKind::line,
                {"epoch", false},
                {"norm of dJ/db", true},
                {},
                {}};
      for (std::size_t l = 0; l < layers; ++l) {
        plot.series.push_back(
            series_of(fmt::format("hidden layer {}", l + 1), speeds.epochs, speeds.norm[l]));
      }
      result.show(std::move(plot));
    }
    hold_against_others(result, settings, hidden, made);
    for (std::size_t l = 0; l < layers; ++l) {
      const bool known = !published[layers].empty();
      table.rows.push_back({std::to_string(hidden), std::to_string(l + 1), format_log10(mean[l]),
                            known ? number(published[layers][l], 3) : "-"});
      if (known && settings.is_default("width")) {
        result.within(25, fmt::format("log10 of dJ/db, layer {} of {}", l + 1, hidden), mean[l],
                      std::log10(published[layers][l]), 0.5,
                      "Nielsen, chapter 5 (another seed, and MNIST)");
      }
    }
  }
  result.show(std::move(table));
  result.at_least(25, "trainings in which each layer is slower than the next from the start",
                  static_cast<double>(ordered) / trainings, 0.85, "Nielsen, chapter 5");
  result.at_most(25, "log10 of layer 1's speed, end over start, mean", fall / trainings, -0.2,
                 "the figure: it falls");
}

/// Layer 1 over the last hidden layer: the fraction of the speed that arrives below.
double lowest_over_highest(const LearningSpeeds& speeds, std::size_t at) {
  return std::log10(speeds.norm.front()[at] / speeds.norm.back()[at]);
}

void first_step(Result& result, const Settings& settings, const Split& data) {
  TrainConfig config = figure_one_protocol(settings, 4, settings.seed());
  hold_first_step(result, config, data.train,
                  [&](const TrainConfig& of) { return std::make_unique<Trainer>(of, data); });
}

void with_tanh(Result& result, const Settings& settings, const Split& data) {
  TrainConfig config = figure_one_protocol(settings, 4, settings.seed());
  config.network =
      fmt::format("flatten > 4 x [dense {} > tanh] > dense 10", settings.integer("width", 2, 1000));
  config.init = "pytorch";  // U(-1/sqrt(n), 1/sqrt(n)), the 'standard' one of Glorot and Bengio
  config.bias_init = "zeros";
  config.loss = "cross_entropy";
  config.optimiser.weight_decay = 0;
  config.batch = std::min<std::int64_t>(10, config.limit);
  config.shuffle = true;
  config.epochs = std::max<std::int64_t>(1, config.epochs / 20);
  const LearningSpeeds speeds = train(config, data);
  Plot plot{"The same with tanh, small batches and the standard initialisation",
            "At the start the lower layers are slower, as before. Soon the lines cross: it is the "
            "first layer that "
            "learns fastest.",
            PlotKind::line,
            {"step", false},
            {"norm of dJ/db", true},
            {},
            {}};
  for (std::size_t l = 0; l < speeds.norm.size(); ++l) {
    plot.series.push_back(
        series_of(fmt::format("hidden layer {}", l + 1), speeds.epochs, speeds.norm[l]));
  }
  result.show(std::move(plot));
  double late = 0;
  int count = 0;
  for (std::size_t i = speeds.epochs.size() / 2; i < speeds.epochs.size(); ++i) {
    late += lowest_over_highest(speeds, i);
    ++count;
  }
  const double start = lowest_over_highest(speeds, 0), end = late / count;
  result.say(
      fmt::format("That early layers are slow is a matter of the activation, not a law. With tanh, "
                  "layer 1 starts at {} times the "
                  "speed of layer 4 and is at {} times in the second half of the training.",
                  format_log10(start), format_log10(end)));
  result.at_most(25, "tanh: log10 of layer 1 over layer 4 at the start", start, -0.1,
                 "standard initialisation shrinks downwards");
  result.at_least(25, "tanh: the same in the second half of training, minus the start", end - start,
                  0.3, "Glorot and Bengio 2010, section 4.3: the trend is reversed very quickly");
}

void when_updates_happen(Result& result, const Settings& settings, const Split& data) {
  TrainConfig config = figure_one_protocol(settings, 2, settings.seed());
  config.epochs = 1;
  config.record = "off";
  const auto loss_after_one_epoch = [&](std::int64_t batch, double& updates) {
    config.batch = batch;
    Trainer trainer(config, data);
    while (!trainer.done()) trainer.step();
    updates = static_cast<double>(trainer.step_count());
    return trainer.evaluate(data.train).loss;
  };
  double once = 0, often = 0;
  const double full = loss_after_one_epoch(config.limit, once);
  const double small = loss_after_one_epoch(10, often);
  result.say(fmt::format(
      "Are weights updated at the end of an epoch? Only if the whole data set is one batch, as "
      "here. With batches of "
      "ten there are {} updates in the first epoch, and the loss behind it is {} instead of {}.",
      number(often), number(small, 3), number(full, 3)));
  result.near(12, "updates in one epoch of batches of 10", often,
              std::floor(static_cast<double>(data.train.size()) / 10), 0, "one for each batch");
  result.at_most(12, "loss after an epoch of small batches over that of one batch", small / full,
                 0.95, "they have learned before its end");
}

Result run(const Settings& settings) {
  Result result;
  TrainConfig config = figure_one_protocol(settings, 2, settings.seed());
  const Split data = load_split(config.data, {config.limit, 0, false, settings.seed()});
  original(result, settings, data);
  first_step(result, settings, data);
  with_tanh(result, settings, data);
  when_updates_happen(result, settings, data);
  return result;
}

}  // namespace

TrainConfig figure_one_protocol(const Settings& settings, int hidden, std::uint64_t seed) {
  TrainConfig config;
  config.network = fmt::format("flatten > {} x [dense {} > {}] > dense 10", hidden,
                               settings.integer("width", 2, 1000), "sigmoid");
  config.data = settings.text("data");
  config.limit = settings.integer("images", 20, 100'000);
  config.validation_fraction = 0;
  config.init = "lecun_normal";
  config.bias_init = "normal:1";
  config.loss = "binary_cross_entropy";
  config.learning_rate = 0.1;
  config.optimiser.weight_decay = 5.0 / 1000;
  config.batch = config.limit;
  config.shuffle = false;
  config.epochs = settings.integer("epochs", 1, 100'000);
  config.seed = seed;
  config.record = "every=20";
  return config;
}

LearningSpeeds learning_speeds(Trainer& trainer) {
  const RunInfo info = trainer.info();
  LearningSpeeds speeds;
  while (!trainer.done()) {
    const StepRecord& record = trainer.step();
    if (!record.measured) continue;
    speeds.epochs.push_back(static_cast<double>(record.step));
    note(speeds, info, record);
  }
  speeds.norm.pop_back();  // of the output layer
  return speeds;
}

Experiment figure_one_experiment() {
  return {"figure-1",
          "The speed of learning, layer by layer",
          "The tutorial's first figure shows how fast each layer of a sigmoid network learns "
          "during training: the early "
          "ones slowly, and ever more slowly. Here it is again by the original protocol, and then "
          "with tanh.",
          {
              {12, "Weights are updated at the end of one epoch.", Judgement::wrong,
               "After every batch. It is the end of an epoch only when the batch is the whole data "
               "set."},
              {25, "The learning speed of the early layers falls rapidly as the network trains.",
               Judgement::conditional,
               "With sigmoid, yes. With tanh and the standard initialisation the trend turns round "
               "within a few epochs."},
          },
          {
              {"data", "glyphs", "images, or mnist:DIR"},
              {"images", "1000", "how many"},
              {"epochs", "500", "of full batches"},
              {"width", "30", "units of a hidden layer"},
              {"seeds", "2", "trainings of each depth"},
              {"seed", "1", "of the first"},
          },
          run};
}

}  // namespace plumb::lab
