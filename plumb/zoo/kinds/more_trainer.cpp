// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "plumb/zoo/kinds/make.h"

// Further faults of the order of the samples and of momentum, by which rules were set.
namespace plumb::zoo {

namespace {

/// The training part by class, or by its first target, and taken in that order.
void sort_samples(Specimen& s) {
  Dataset& train = s.data.train;
  std::vector<std::int64_t> order(static_cast<std::size_t>(train.size()));
  std::iota(order.begin(), order.end(), 0);
  const auto key = [&](std::int64_t i) {
    const auto at = static_cast<std::size_t>(i);
    if (train.is_classification()) return static_cast<double>(train.labels[at]);
    const auto width = static_cast<std::size_t>(train.y.shape().row_size());
    return static_cast<double>(train.y.as<float>()[at * width]);
  };
  std::ranges::stable_sort(order, [&](std::int64_t a, std::int64_t b) { return key(a) < key(b); });
  train = train.select(order);
  s.config.shuffle = false;
}

Specimen sorted(Specimen s, bool fault) {
  if (fault) sort_samples(s);
  return s;
}

Specimen sorted_classes(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(2, 3), width = draw.integer(32, 64);
  s.config.network = chain(s, depth, width, draw.word({"relu", "tanh", "gelu"}));
  s.config.steps = 200;
  use_sgd(s, draw.log(0.05, 0.1));
  return sorted(std::move(s), fault);
}
Specimen sorted_normed(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(2, 3), width = 8 * draw.integer(3, 7);
  s.config.network = chain(s, depth, width, draw.word({"bn > relu", "ln > relu"}));
  s.config.steps = 200;
  return sorted(std::move(s), fault);
}
Specimen sorted_glyphs(Draw& draw, bool fault) {
  Specimen s = on_glyphs(draw);
  s.config.network = chain(s, draw.integer(2, 3), draw.integer(32, 64), "relu");
  return sorted(std::move(s), fault);
}
Specimen sorted_values(Draw& draw, bool fault) {
  Specimen s = on_values(draw);
  s.config.network = chain(s, draw.integer(2, 3), draw.integer(32, 64), "relu");
  s.config.steps = 200;
  return sorted(std::move(s), fault);
}
Specimen sorted_sequences(Draw& draw, bool fault) {
  const std::string cell = draw.word({"gru {} chrono=12", "lstm {} chrono=12"});
  return sorted(recalls(draw, true, 6, 12, cell, cell), fault);
}

Specimen long_momentum(Draw& draw, bool fault, const std::string& body, double momentum,
                       double rate) {
  Specimen s = on_table(draw);
  s.config.network = chain(s, draw.integer(2, 4), draw.integer(32, 64), body);
  use_sgd(s, rate, fault ? momentum : 0.9);
  return s;
}
Specimen momentum_relu(Draw& draw, bool fault) {
  const double momentum = 1 - draw.log(0.0005, 0.002);
  return long_momentum(draw, fault, draw.word({"relu", "gelu", "bn > relu"}), momentum,
                       draw.log(0.05, 0.1));
}
Specimen momentum_tanh(Draw& draw, bool fault) {
  const double momentum = 1 - draw.log(0.0005, 0.002);
  Specimen s = long_momentum(draw, fault, draw.word({"tanh", "softsign", "ln > tanh"}), momentum,
                             draw.log(0.1, 0.2));
  s.config.init = "glorot_normal";
  return s;
}

}  // namespace

std::vector<Kind> more_trainer_kinds() {
  using enum Family;
  const Truth order{{"sorted_batches"}, {"batch_order"}};
  const Truth added{{"update_too_large", "dead_units", "diverging"},
                    {"momentum", "died_in_training", "drift", "learning_rate"}};
  return {
      {"sorted_classes", data, "a table sorted by class, never shuffled", order, sorted_classes},
      {"sorted_normed", norm, "the same before a network with normalisations", order,
       sorted_normed},
      {"sorted_glyphs", data, "images sorted by class, never shuffled", order, sorted_glyphs},
      {"sorted_values", data, "a table sorted by its target, never shuffled", order, sorted_values},
      {"sorted_sequences", time, "sequences sorted by class, never shuffled", order,
       sorted_sequences},
      {"momentum_relu", trainer, "momentum that adds up a thousand gradients, of relu layers",
       added, momentum_relu},
      {"momentum_tanh", trainer, "momentum that adds up a thousand gradients, of tanh layers",
       added, momentum_tanh},
  };
}

}  // namespace plumb::zoo
