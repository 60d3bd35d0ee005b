// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "plumb/zoo/kinds/make.h"

// Further faults of momentum, by which rules were set.
namespace plumb::zoo {

namespace {

Specimen long_momentum(Draw& draw, bool fault, const std::string& body, double momentum,
                       double rate) {
  Specimen s = on_table(draw);
  s.config.network = chain(s, draw.integer(2, 4), draw.integer(32, 64), body);
  use_sgd(s, rate, fault ? momentum : 0.9);
  return s;
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
  const Truth added{{"update_too_large", "dead_units", "diverging"},
                    {"momentum", "died_in_training", "drift", "learning_rate"}};
  return {
      {"momentum_tanh", trainer, "momentum that adds up a thousand gradients, of tanh layers",
       added, momentum_tanh},
  };
}

}  // namespace plumb::zoo
