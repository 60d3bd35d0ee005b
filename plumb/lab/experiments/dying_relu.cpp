// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plumb/lab/bench_network.h"
#include "plumb/lab/experiments/experiments.h"
#include "plumb/lab/short_training.h"
#include "plumb/report/number_text.h"
#include "plumb/theory/dying_relu.h"
#include "plumb/train/trainer.h"

namespace plumb::lab {

namespace {

/// Fractions of networks that are silent: for x = 1, and on the whole axis (for x = 1 and x = -1:
/// without biases the output for any x is a multiple of one of the two).
struct Silent {
  double one_input = 0;
  double everywhere = 0;
};

Silent count_silent(std::int64_t width, std::int64_t hidden, int nets, std::uint64_t seed) {
  Silent silent;
  const std::string text = repeat(hidden, fmt::format("dense {} bias=false > relu", width));
  for (int n = 0; n < nets; ++n) {
    BenchNetwork net(text, 1, 2, "he_normal", 1, seed + static_cast<std::uint64_t>(n));
    net.input()[0] = 1;
    net.input()[1] = -1;
    const auto y = net.forward();
    const auto alive = [](double v) { return v > 0; };
    const bool right = std::none_of(y.begin(), y.begin() + width, alive);
    const bool left = std::none_of(y.begin() + width, y.end(), alive);
    silent.one_input += right;
    silent.everywhere += right && left;
  }
  silent.one_input /= nets;
  silent.everywhere /= nets;
  return silent;
}

void born_dead(Result& result, const Settings& settings) {
  const int nets = static_cast<int>(settings.integer("networks", 10, 100'000));
  const std::int64_t deepest = settings.integer("depth", 2, 200);
  Plot plot{
      "Born dead: networks that are constant from the start",
      "Dashed: the published lower and upper bounds. Narrow networks die with depth; at width "
      "10 hardly any does.",
      PlotKind::line,
      {"hidden layers", false},
      {"probability", false},
      {},
      {}};
  Table table{"Probability of being born dead",
              {"width", "hidden layers", "lower bound", "measured", "upper bound"},
              {}};
  int outside = 0;
  for (const std::int64_t width : {2, 3, 5, 10}) {
    Series measured{fmt::format("width {}", width), {}, {}};
    Series lower{"", {}, {}, SeriesStyle::dashed}, upper{"", {}, {}, SeriesStyle::dashed};
    for (std::int64_t hidden = 2; hidden <= deepest;
         hidden += std::max<std::int64_t>(1, deepest / 5)) {
      const Silent silent = count_silent(width, hidden, nets, settings.seed());
      const theory::DeathBounds bounds = theory::born_dead(width, hidden);
      const double noise = 5 * std::sqrt(0.25 / nets);
      outside +=
          silent.everywhere < bounds.lower - noise || silent.everywhere > bounds.upper + noise;
      const auto x = static_cast<double>(hidden);
      for (Series* series : {&measured, &lower, &upper}) series->x.push_back(x);
      measured.y.push_back(silent.everywhere);
      lower.y.push_back(bounds.lower);
      upper.y.push_back(bounds.upper);
      table.rows.push_back({std::to_string(width), std::to_string(hidden), number(bounds.lower, 3),
                            number(silent.everywhere, 3), number(bounds.upper, 3)});
      if (width == 2 && hidden == 2) {
        result.within(35, "born dead, width 2, two hidden layers", silent.everywhere, 0.15625,
                      5 * std::sqrt(0.15625 * 0.84375 / nets), "Lu et al. 2020: exact there");
      }
      if (width == 3 && hidden == 2) {
        result.within(35, "silent for one input, width 3, two hidden layers", silent.one_input,
                      1 - std::pow(1 - 1.0 / 8, 2), 5 * std::sqrt(0.25 / nets),
                      "1 - prod(1 - 2^-n), exact");
      }
    }
    plot.series.push_back(std::move(measured));
    plot.series.push_back(std::move(lower));
    plot.series.push_back(std::move(upper));
  }
  result.show(std::move(plot));
  result.show(std::move(table));
  result.at_most(35, "cases outside the published bounds", outside, 0,
                 "Lu et al. 2020, theorem 3.3");
}

/// The fraction of units with a derivative of 0 for every image of the data.
double dead_units(Network& network, const Dataset& data) {
  struct Watch final : PassObserver {
    std::vector<std::vector<bool>> alive;  ///< [activation layer][unit]
    std::size_t layer = 0;
    void on_output(const Node& node, ConstView x, ConstView y) override {
      if (node.family() != LayerFamily::activation) return;
      if (layer == alive.size()) alive.emplace_back(static_cast<std::size_t>(y.shape.row_size()));
      Tensor slope(x.shape, x.dtype);
      node.layer()->derivative(x, y, slope.view());
      std::vector<bool>& units = alive[layer++];
      for (std::size_t i = 0; i < slope.as<float>().size(); ++i) {
        if (slope.as<float>()[i] != 0) units[i % units.size()] = true;
      }
    }
  };
  ThreadPool pool(1);
  Watch watch;
  const std::span<float> input = network.input().as<float>();
  const std::span<const float> images = data.x.as<float>();
  for (std::size_t at = 0; at + input.size() <= images.size(); at += input.size()) {
    std::ranges::copy(images.subspan(at, input.size()), input.begin());
    watch.layer = 0;
    network.forward({Mode::infer, 0, pool}, &watch);
  }
  double dead = 0, units = 0;
  for (const auto& layer : watch.alive) {
    dead += static_cast<double>(std::ranges::count(layer, false));
    units += static_cast<double>(layer.size());
  }
  return dead / units;
}

/// The fraction of dead units at the end of a training, by activation.
void deaths_in_training(Result& result, const Settings& settings) {
  const Split data =
      load_split("glyphs", {settings.integer("images", 20, 100'000), 0, false, settings.seed()});
  Table table{"Dead units behind training: silent on every image",
              {"activation", "rate", "dead units", "accuracy", "diverged"},
              {}};
  const auto dead_fraction = [&](const char* activation, double rate) {
    constexpr int kSeeds = 3;
    double dead = 0, accuracy = 0;
    int finite = 0;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      TrainConfig config = short_config(
          fmt::format("flatten > 3 x [dense 64 > {}] > dense 10", activation), "he_normal", rate,
          settings.integer("steps", 2, 100'000), settings.seed() + seed);
      config.record = "off";
      config.optimiser.momentum = 0;
      config.clip_norm = 0;
      Trainer trainer(config, data);
      while (!trainer.done()) trainer.step();
      const Evaluation evaluation = trainer.evaluate(data.train);
      accuracy += evaluation.accuracy / kSeeds;
      // Of a network of NaN no unit is dead or alive.
      if (!std::isfinite(evaluation.loss)) continue;
      dead += dead_units(trainer.network(), data.train);
      ++finite;
    }
    dead = finite > 0 ? dead / finite : std::nan("");
    table.rows.push_back({activation, number(rate, 2), finite > 0 ? format_percent(dead) : "NaN",
                          format_percent(accuracy),
                          fmt::format("{} of {}", kSeeds - finite, kSeeds)});
    return dead;
  };
  const double high = settings.number("lr", 1e-4, 100);
  const double calm = dead_fraction("relu", 0.02), wild = dead_fraction("relu", high);
  const double leaky = dead_fraction("leaky_relu", high);
  dead_fraction("prelu", high);
  dead_fraction("elu", high);
  result.show(std::move(table));
  result.say(
      "Most zeros of relu are no deaths: half of all entries are zero under He's initialisation, "
      "each unit for other images, and that costs exactly the factor 2 that He's variance gives "
      "back. A unit is dead when it is silent on all of them. A high rate kills units. With a "
      "slope "
      "on the left there is no such state; elu has one in float, where e^x - 1 is -1 below x = -17 "
      "and its derivative 0.");
  result.at_most(35, "dead relu units at rate 0.02", calm, 0.15, "few");
  if (settings.is_default("lr") && settings.is_default("steps")) {
    result.at_least(35, fmt::format("dead relu units at rate {}, minus those at 0.02", high),
                    wild - calm, 0.05, "a high rate kills");
  }
  // Where all of them diverged there is nobody to ask.
  if (std::isfinite(leaky)) {
    result.at_most(35, fmt::format("dead units of leaky_relu at rate {}", high), leaky, 0,
                   "its derivative is never 0");
  }
}

void revival(Result& result) {
  // h = w x, z = (h, h - 2): unit 2 is silent while w x < 2. Unit 1 pulls w up.
  BenchNetwork net("dense 1 bias=false > dense 2 > relu > dense 1 bias=false", 1, 4);
  for (std::size_t i = 0; i < 4; ++i) net.input()[i] = 0.25 * static_cast<double>(i + 1);
  net.param(0)[0] = 1;
  net.param(1)[0] = net.param(1)[1] = 1;
  net.param(2)[1] = -2;
  net.param(3)[0] = net.param(3)[1] = 1;
  Tensor goal({4, 1}, DType::f64);
  for (std::size_t i = 0; i < 4; ++i) goal.as<double>()[i] = 4 * net.input()[i];
  const Target target{{}, goal.view()};
  double at_start = 0, later = 0, deaf_gradient = 0;
  int revived_at = -1;
  for (int step = 0; step < 200; ++step) {
    net.differentiate("mse", target);
    const double own = std::abs(net.gradient(1)[1]) + std::abs(net.gradient(2)[1]);
    if (step == 0) at_start = own;
    if (revived_at < 0 && own == 0) deaf_gradient = std::max(deaf_gradient, own);
    if (revived_at < 0 && own > 0) revived_at = step;
    if (revived_at >= 0) later = std::max(later, own);
    const double slope = net.gradient(0)[0];
    net.param(0)[0] -= 0.05 * slope;
  }
  result.say(fmt::format(
      "And dead is not for ever. In a network of two units the second is silent on every input, "
      "and "
      "its own gradient is exactly zero. But the layer in front of it is moved by the first unit, "
      "and at step {} the second one fires and learns again.",
      revived_at));
  result.near(35, "gradient of the dead unit's weights at the start", at_start, 0, 0,
              "zero on every input");
  result.at_least(35, "step at which it fires again", revived_at, 1, "revived by the layer before");
  result.at_least(35, "its largest gradient afterwards", later, 1e-3, "it learns");
}

Result run(const Settings& settings) {
  Result result;
  born_dead(result, settings);
  deaths_in_training(result, settings);
  revival(result);
  return result;
}

}  // namespace

Experiment dying_relu_experiment() {
  return {"dying-relu",
          "Dead units: when, how many, for how long",
          "For x < 0 relu and its derivative are 0, and so, says the tutorial, the neuron stays "
          "dead for all training. How likely is that at birth, how often does it happen later, and "
          "is it final?",
          {
              {34, "ReLU has minimum 0 and no maximum; for x < 0 output and derivative are 0.",
               Judgement::right,
               "At 0 the derivative is not defined (0 here, as in PyTorch). Without a maximum it "
               "can also explode."},
              {35, "Derivative 0: the neuron stays unlearned for all training.", Judgement::inexact,
               "Only a unit that is silent on every input gets no gradient, and even that one can "
               "come back when the layers before it move."},
          },
          {
              {"depth", "10", "most hidden layers of the networks counted"},
              {"networks", "1000", "random networks for each point"},
              {"images", "1000", "for the trainings"},
              {"steps", "300", "of a training"},
              {"lr", "0.6", "the high rate"},
              {"seed", "1", "of the weights"},
          },
          run};
}

}  // namespace plumb::lab
