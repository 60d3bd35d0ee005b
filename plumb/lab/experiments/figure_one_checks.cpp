// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <map>

#include "plumb/lab/experiments/figure_one.h"

namespace plumb::lab {

namespace {

using Vector = std::vector<double>;

/// All weights of the network, in forward order, without biases.
Vector weights(const Network& network) {
  Vector all;
  for (const Param* param : network.params()) {
    if (param->name != "weight") continue;
    const auto values = param->value.as<double>();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

/// The biases of the hidden layers, layer 1 first.
std::vector<Param*> hidden_biases(Network& network) {
  std::vector<Param*> biases;
  for (Param* param : network.params()) {
    if (param->name == "bias") biases.push_back(param);
  }
  biases.pop_back();
  return biases;
}

struct BiasGradients {
  std::map<LayerId, double> sum;  ///< of dJ/db over the units of each layer
};

BiasGradients bias_gradients(const RunInfo& info, const StepRecord& record) {
  BiasGradients result;
  for (const SketchRecord& one : record.sketches) {
    if (one.site.role != Role::grad_weight) continue;
    const ParamInfo& param = info.param(one.site.id);
    if (param.use != ParamUse::bias) continue;
    result.sum[param.users.front()] =
        one.sketch.mean * static_cast<double>(one.sketch.count) * std::exp2(one.sketch.log2_scale);
  }
  return result;
}

void hold_gradients(Result& result, const TrainConfig& config, const Dataset& images,
                    const MakeTrainer& make) {
  const std::unique_ptr<Trainer> made = make(config);
  Trainer& trainer = *made;
  const RunInfo info = trainer.info();
  const std::vector<Param*> biases = hidden_biases(trainer.network());
  const auto loss_at = [&](std::size_t layer, double shift) {
    for (double& b : biases[layer]->value.as<double>()) b += shift;
    const double loss = trainer.evaluate(images).loss;
    for (double& b : biases[layer]->value.as<double>()) b -= shift;
    return loss;
  };
  constexpr double kShift = 1e-3;
  Vector differences;
  for (std::size_t layer = 0; layer < biases.size(); ++layer) {
    differences.push_back((loss_at(layer, kShift) - loss_at(layer, -kShift)) / (2 * kShift));
  }
  const BiasGradients measured = bias_gradients(info, trainer.step());
  std::size_t layer = 0;
  for (const double difference : differences) {
    auto it = measured.sum.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(layer));
    ++layer;
    result.near(25,
                fmt::format("sum of dJ/db, layer {} of {}, over its central difference", layer,
                            differences.size()),
                it->second / difference, 1, 1e-4, "two values of the loss, no derivative");
  }
}

void hold_decay_and_size(Result& result, const TrainConfig& config, const MakeTrainer& make) {
  TrainConfig plain = config;
  plain.optimiser.weight_decay = 0;
  const std::unique_ptr<Trainer> decayed = make(config), undecayed = make(plain);
  const Vector before = weights(decayed->network());
  decayed->step();
  const StepRecord record = undecayed->step();
  const RunInfo info = undecayed->info();
  const Vector with = weights(decayed->network()), without = weights(undecayed->network());
  double along = 0, square = 0, moved = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    along += (without[i] - with[i]) * before[i];
    square += before[i] * before[i];
    moved += (without[i] - before[i]) * (without[i] - before[i]);
  }
  result.near(25, "weight decay, from what two trainings differ by after one step",
              along / square / config.learning_rate, 5.0 / 1000, 1e-3,
              "the protocol: 5/1000 of each weight, times the rate");
  double gradient = 0;
  for (const SketchRecord& one : record.sketches) {
    if (one.site.role != Role::grad_weight) continue;
    if (info.param(one.site.id).use == ParamUse::bias) continue;
    const double rms = std::exp2(one.sketch.true_log2_rms());
    gradient += rms * rms * static_cast<double>(one.sketch.count);
  }
  result.near(25, "size of the first step over rate times gradient",
              std::sqrt(moved) / (config.learning_rate * std::sqrt(gradient)), 1, 1e-3,
              "gradient descent without clipping");
}

void hold_start(Result& result, const TrainConfig& config, const MakeTrainer& make) {
  const std::unique_ptr<Trainer> trainer = make(config);
  double sum = 0, count = 0;
  for (const Param* param : trainer->network().params()) {
    if (param->name != "weight") continue;
    for (const double w : param->value.as<double>()) {
      sum += w * w * static_cast<double>(param->fan_in);
      count += 1;
    }
  }
  // A mean of squares of normal numbers spreads by sqrt(2 / count).
  result.within(25, "fan_in times the variance of the weights", sum / count, 1,
                5 * std::sqrt(2 / count), "the protocol: N(0, 1/fan_in)");
}

}  // namespace

void hold_first_step(Result& result, const TrainConfig& protocol, const Dataset& images,
                     const MakeTrainer& make) {
  TrainConfig config = protocol;
  config.precision = "double";
  hold_gradients(result, config, images, make);
  hold_decay_and_size(result, config, make);
  hold_start(result, config, make);
}

}  // namespace plumb::lab
