// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "plumb/zoo/kinds/make.h"

// Faults of the trainer: rate, clipping, decay, schedule, the optimiser's own numbers.
namespace plumb::zoo {

namespace {

/// A network that trains well, with an activation that is drawn.
Specimen sound(Draw& draw) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(2, 4), width = draw.integer(24, 64);
  s.config.network = chain(s, depth, width, draw.word({"relu", "leaky_relu 0.1", "gelu", "elu"}));
  return s;
}

Specimen rate_high_sgd(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(2, 4), width = draw.integer(24, 64);
  const double rate = draw.log(3, 20);
  s.config.network = chain(s, depth, width, "relu");
  use_sgd(s, fault ? rate : 0.1, 0);
  return s;
}

Specimen rate_high_adam(Draw& draw, bool fault) {
  Specimen s = sound(draw);
  const double rate = draw.log(0.3, 3);
  use_adam(s, fault ? rate : 0.003);
  return s;
}

Specimen rate_high_tanh(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(2, 4), width = draw.integer(24, 64);
  const double rate = draw.log(5, 40);
  s.config.init = "glorot_normal";
  s.config.network = chain(s, depth, width, "tanh");
  use_sgd(s, fault ? rate : 0.1, 0);
  return s;
}

Specimen rate_high_rmsprop(Draw& draw, bool fault) {
  Specimen s = sound(draw);
  const double rate = draw.log(0.2, 2);
  s.config.optimiser = {};
  s.config.optimiser.name = "rmsprop";
  s.config.learning_rate = fault ? rate : 0.001;
  return s;
}

Specimen diverges(Draw& draw, bool fault) {
  Specimen s = on_values(draw);
  const int depth = draw.integer(1, 3), width = draw.integer(24, 64);
  const double rate = draw.log(1, 10);
  s.config.network = chain(s, depth, width, draw.word({"relu", "leaky_relu 0.1"}));
  use_sgd(s, fault ? rate : 0.02);
  return s;
}

Specimen rate_low_sgd(Draw& draw, bool fault) {
  Specimen s = sound(draw);
  const double rate = draw.log(1e-7, 2e-5), momentum = draw.pick({0.0, 0.9});
  use_sgd(s, fault ? rate : 0.05, momentum);
  return s;
}

Specimen rate_low_adam(Draw& draw, bool fault) {
  Specimen s = sound(draw);
  const double rate = draw.log(1e-8, 3e-6);
  use_adam(s, fault ? rate : 0.003);
  return s;
}

Specimen clip_norm_tiny(Draw& draw, bool fault) {
  Specimen s = sound(draw);
  const double at = draw.log(1e-7, 1e-4);
  if (fault) s.config.clip_norm = at;
  return s;
}

Specimen clip_value_tiny(Draw& draw, bool fault) {
  Specimen s = sound(draw);
  const double at = draw.log(1e-9, 3e-7);
  if (fault) s.config.clip_value = at;
  return s;
}

Specimen decay_large_sgd(Draw& draw, bool fault) {
  Specimen s = sound(draw);
  const double decay = draw.log(0.3, 2);
  use_sgd(s, draw.real(0.05, 0.1), 0);
  if (fault) s.config.optimiser.weight_decay = decay;
  return s;
}

Specimen decay_large_adamw(Draw& draw, bool fault) {
  Specimen s = sound(draw);
  const double decay = draw.log(20, 100);
  use_adam(s, 0.003);
  s.config.optimiser.name = "adamw";
  s.config.optimiser.weight_decay = fault ? decay : 0.01;
  return s;
}

Specimen eps_large(Draw& draw, bool fault) {
  Specimen s = sound(draw);
  const double eps = draw.log(10, 1000);
  use_adam(s, 0.003);
  if (draw.coin()) {
    s.config.optimiser = {};
    s.config.optimiser.name = "rmsprop";
    s.config.learning_rate = 0.001;
  }
  if (fault) s.config.optimiser.eps = eps;
  return s;
}

Specimen momentum_high(Draw& draw, bool fault) {
  Specimen s = sound(draw);
  const double rate = draw.real(0.1, 0.3), momentum = draw.pick({0.995, 0.998, 0.999});
  use_sgd(s, rate, fault ? momentum : 0);
  return s;
}

Specimen schedule_ends_early(Draw& draw, bool fault) {
  Specimen s = sound(draw);
  const int every = draw.integer(2, 5);
  use_sgd(s, 0.05, 0);
  if (fault) s.config.schedule = fmt::format("step:{},0.1", every);
  return s;
}

Specimen warmup_without_end(Draw& draw, bool fault) {
  Specimen s = sound(draw);
  const int warmup = draw.integer(1000000, 10000000);
  if (draw.coin()) use_adam(s, 0.002);
  s.config.warmup_steps = fault ? warmup : 20;
  return s;
}

}  // namespace

std::vector<Kind> trainer_kinds() {
  using enum Family;
  return {
      {"rate_high_sgd",
       trainer,
       "sgd at a rate ten times and more what relu layers bear",
       {{"update_too_large", "dead_units", "diverging", "non_finite", "exploding_gradient"},
        {"learning_rate", "died_in_training", "drift", "broken_weight"}},
       rate_high_sgd},
      {"rate_high_adam",
       trainer,
       "adam at a rate a hundred times the usual",
       {{"update_too_large", "dead_units", "diverging", "exploding_gradient"},
        {"learning_rate", "died_in_training", "drift"}},
       rate_high_adam},
      {"rate_high_tanh",
       trainer,
       "sgd at a rate that drives tanh layers into their flat ends",
       {{"update_too_large", "saturated_activation", "diverging"},
        {"learning_rate", "drift", "large_weight"}},
       rate_high_tanh},
      {"rate_high_rmsprop",
       trainer,
       "rmsprop at a rate a hundred times the usual",
       {{"update_too_large", "dead_units", "diverging", "exploding_gradient"},
        {"learning_rate", "died_in_training", "drift"}},
       rate_high_rmsprop},
      {"diverges",
       trainer,
       "a regression that a large rate drives to infinity",
       {{"non_finite", "update_too_large", "diverging", "exploding_gradient"},
        {"learning_rate", "broken_weight", "backward_overflow", "forward_overflow", "loss_overflow",
         "optimiser_overflow", "drift"}},
       diverges},
      {"rate_low_sgd",
       trainer,
       "sgd at a rate that moves nothing",
       {{"stalled_layer"}, {"small_rate", "learning_rate"}},
       rate_low_sgd},
      {"rate_low_adam",
       trainer,
       "adam at a rate that moves nothing",
       {{"stalled_layer"}, {"small_rate", "learning_rate"}},
       rate_low_adam},
      {"clip_norm_tiny",
       trainer,
       "gradients clipped to a norm of almost nothing",
       {{"stalled_layer"}, {"clipping"}},
       clip_norm_tiny},
      {"clip_value_tiny",
       trainer,
       "every element of the gradient clipped to almost nothing",
       {{"stalled_layer"}, {"clipping"}},
       clip_value_tiny},
      {"decay_large_sgd",
       trainer,
       "weight decay that shrinks the weights faster than they can learn",
       {{"shrinking_weights"}, {"weight_decay", "only_weight_decay"}},
       decay_large_sgd},
      {"decay_large_adamw",
       trainer,
       "decoupled decay that shrinks the weights faster than they can learn",
       {{"shrinking_weights"}, {"weight_decay", "only_weight_decay"}},
       decay_large_adamw},
      {"eps_large",
       trainer,
       "an eps far above the gradients, which takes adam its steps",
       {{"stalled_layer"}, {"large_eps"}},
       eps_large},
      {"momentum_high",
       trainer,
       "a momentum that multiplies the rate by some hundred",
       {{"update_too_large", "dead_units", "exploding_gradient", "diverging", "non_finite"},
        {"momentum", "learning_rate", "drift", "died_in_training", "broken_weight"}},
       momentum_high},
      {"schedule_ends_early",
       trainer,
       "a schedule that takes the rate away within some twenty steps",
       {{"stalled_layer"}, {"decayed_rate"}},
       schedule_ends_early},
      {"warmup_without_end",
       trainer,
       "a warm-up a thousand times longer than the training",
       {{"stalled_layer"}, {"long_warm_up"}},
       warmup_without_end},
  };
}

}  // namespace plumb::zoo
