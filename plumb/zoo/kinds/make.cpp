// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/kinds/make.h"

#include <fmt/format.h>

#include <utility>

namespace plumb::zoo {

namespace {

Specimen on(Dataset data, Draw& draw) {
  Specimen specimen;
  specimen.config.data = data.name;
  specimen.data = hold_out(data);
  specimen.config.validation_fraction = 0;
  specimen.config.init = "he_normal";
  specimen.config.bias_init = "zeros";
  specimen.config.seed = draw.seed() % 1000000;
  specimen.config.batch = draw.pick({32, 48, 64});
  specimen.config.steps = 300;
  use_sgd(specimen, 0.05);
  return specimen;
}

TableSize draw_size(Draw& draw) {
  TableSize size;
  size.n = draw.integer(900, 1500);
  size.in = draw.integer(8, 24);
  size.classes = draw.integer(3, 6);
  return size;
}

}  // namespace

Specimen on_table(Draw& draw) {
  const TableSize size = draw_size(draw);
  const bool curved = draw.coin();
  const std::uint64_t seed = draw.seed();
  return on(curved ? make_curved(size, seed) : make_clusters(size, seed), draw);
}

Specimen on_values(Draw& draw) {
  TableSize size = draw_size(draw);
  size.in = draw.integer(4, 12);
  size.classes = draw.integer(1, 3);
  return on(make_values(size, draw.seed()), draw);
}

Specimen on_glyphs(Draw& draw) {
  const int n = draw.integer(500, 900);
  Specimen specimen = on(make_small_glyphs(n, draw.seed()), draw);
  specimen.config.steps = 200;
  use_adam(specimen, 0.002);
  return specimen;
}

Specimen on_recall(Draw& draw, int steps) {
  RecallSize size;
  size.n = draw.integer(400, 700);
  size.steps = steps;
  size.symbols = draw.integer(3, 5);
  Specimen specimen = on(make_recall(size, draw.seed()), draw);
  specimen.config.batch = 32;
  specimen.config.steps = 250;
  use_adam(specimen, 0.01);
  return specimen;
}

Specimen recalls(Draw& draw, bool fault, int fewest_steps, int most_steps, const std::string& sick,
                 const std::string& sound) {
  Specimen s = on_recall(draw, draw.integer(fewest_steps, most_steps));
  const int hidden = draw.integer(16, 32);
  s.config.init = "pytorch";
  s.config.network = fmt::format(
      "{} > last > dense {}", fmt::format(fmt::runtime(fault ? sick : sound), hidden), outputs(s));
  return s;
}

int outputs(const Specimen& specimen) {
  const Dataset& data = specimen.data.train;
  return static_cast<int>(data.is_classification() ? data.classes : data.y.shape().row_size());
}

std::string chain(const Specimen& specimen, int depth, int width, std::string_view body) {
  const bool flat = specimen.data.train.x.shape().rank() > 2;
  return fmt::format("{}{} x [dense {} > {}] > dense {}", flat ? "flatten > " : "", depth, width,
                     body, outputs(specimen));
}

void use_sgd(Specimen& specimen, double rate, double momentum) {
  specimen.config.optimiser = {};
  specimen.config.optimiser.name = "sgd";
  specimen.config.optimiser.momentum = momentum;
  specimen.config.learning_rate = rate;
}

void use_adam(Specimen& specimen, double rate) {
  specimen.config.optimiser = {};
  specimen.config.optimiser.name = "adam";
  specimen.config.learning_rate = rate;
}

}  // namespace plumb::zoo
