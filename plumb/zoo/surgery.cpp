// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/surgery.h"

#include <cmath>
#include <memory>
#include <string_view>
#include <utility>

#include "plumb/core/rng.h"
#include "plumb/train/trainer.h"

namespace plumb::zoo {

namespace {

/// Of the layers that have a weight of two axes or more, or of those that have not.
std::vector<Param*> params_named(Network& network, std::string_view name, bool linear) {
  std::vector<Param*> found;
  const auto params = network.params();
  const auto paths = network.param_paths();
  for (std::size_t i = 0; i < params.size(); ++i) {
    if (params[i]->name != name) continue;
    bool has_matrix = false;
    for (std::size_t j = 0; j < params.size(); ++j) {
      has_matrix |= paths[j] == paths[i] && params[j]->value.shape().rank() > 1;
    }
    if (has_matrix == linear) found.push_back(params[i]);
  }
  return found;
}

}  // namespace

std::vector<Param*> linear_weights(Network& network) {
  return params_named(network, "weight", true);
}
std::vector<Param*> linear_biases(Network& network) { return params_named(network, "bias", true); }
std::vector<Param*> norm_scales(Network& network) { return params_named(network, "weight", false); }
std::vector<Param*> norm_shifts(Network& network) { return params_named(network, "bias", false); }

std::vector<Param*> named(Network& network, std::string_view name) {
  std::vector<Param*> found;
  for (Param* param : network.params()) {
    if (param->name == name) found.push_back(param);
  }
  return found;
}

void fill_gate(Param& bias, int gate, int gates, double value) {
  const auto values = bias.value.as<float>();
  const std::size_t rows = values.size() / static_cast<std::size_t>(gates);
  for (std::size_t i = 0; i < rows; ++i) {
    values[static_cast<std::size_t>(gate) * rows + i] = static_cast<float>(value);
  }
}

void multiply(Param& param, double factor) {
  for (float& value : param.value.as<float>()) value = static_cast<float>(value * factor);
}

void fill(Param& param, double value) {
  for (float& element : param.value.as<float>()) element = static_cast<float>(value);
}

void disturb(Param& param, double deviation, std::uint64_t seed) {
  const Rng rng(seed, "zoo/disturb");
  std::uint64_t i = 0;
  for (float& value : param.value.as<float>()) {
    value += static_cast<float>(deviation * rng.normal(i++));
  }
}

void make_rank_one(Param& weight, std::uint64_t seed) {
  const Rng rng(seed, "zoo/rank_one");
  const auto rows = static_cast<std::size_t>(weight.value.shape()[0]);
  const auto values = weight.value.as<float>();
  const std::size_t columns = values.size() / rows;
  for (std::size_t r = rows; r-- > 0;) {
    const double size = rng.uniform(2 * r, 0.5, 1.5);
    const double factor = rng.uniform(2 * r + 1) < 0.5 ? -size : size;
    for (std::size_t c = 0; c < columns; ++c) {
      values[r * columns + c] = static_cast<float>(factor * values[c]);
    }
  }
}

void repeat_rows(Param& weight) {
  const auto rows = static_cast<std::size_t>(weight.value.shape()[0]);
  const auto values = weight.value.as<float>();
  const std::size_t columns = values.size() / rows;
  for (std::size_t i = columns; i < values.size(); ++i) values[i] = values[i % columns];
}

Surgery trained_start(TrainConfig config, Split data, std::int64_t steps) {
  config.steps = steps;
  config.record = "off";
  return [config, data = std::make_shared<const Split>(std::move(data))](Network& network) {
    Trainer trainer(config, *data);
    while (!trainer.done()) trainer.step();
    const auto from = trainer.network().params();
    for (std::size_t i = 0; i < from.size(); ++i) {
      const auto source = from[i]->value.as<float>();
      std::copy(source.begin(), source.end(), network.params()[i]->value.as<float>().begin());
    }
    const auto buffers = trainer.network().buffers();
    for (std::size_t i = 0; i < buffers.size(); ++i) {
      const auto source = buffers[i]->value.as<float>();
      std::copy(source.begin(), source.end(), network.buffers()[i]->value.as<float>().begin());
    }
  };
}

}  // namespace plumb::zoo
