// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/kinds/make.h"

// Trainings that learn, with every optimiser and at every stage of a life: begun, resumed,
// converged, fitted too well.
namespace plumb::zoo {

namespace {

Specimen sound(Draw& draw) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(2, 4), width = draw.integer(24, 64);
  s.config.network = chain(s, depth, width, draw.word({"relu", "gelu", "leaky_relu 0.1"}));
  return s;
}

Specimen sgd_plain(Draw& draw, bool) {
  Specimen s = sound(draw);
  use_sgd(s, draw.real(0.05, 0.2), 0);
  return s;
}

Specimen sgd_nesterov(Draw& draw, bool) {
  Specimen s = sound(draw);
  s.config.optimiser.nesterov = true;
  return s;
}

Specimen adam_usual(Draw& draw, bool) {
  Specimen s = sound(draw);
  use_adam(s, draw.log(0.001, 0.005));
  return s;
}

Specimen adamw_usual(Draw& draw, bool) {
  Specimen s = sound(draw);
  use_adam(s, draw.log(0.001, 0.005));
  s.config.optimiser.name = "adamw";
  s.config.optimiser.weight_decay = draw.log(0.01, 0.1);
  return s;
}

Specimen rmsprop_usual(Draw& draw, bool) {
  Specimen s = sound(draw);
  s.config.optimiser = {};
  s.config.optimiser.name = "rmsprop";
  s.config.learning_rate = draw.log(0.0005, 0.002);
  return s;
}

Specimen decay_usual(Draw& draw, bool) {
  Specimen s = sound(draw);
  s.config.optimiser.weight_decay = draw.log(1e-4, 1e-3);
  return s;
}

Specimen warmup_usual(Draw& draw, bool) {
  Specimen s = sound(draw);
  s.config.warmup_steps = draw.integer(20, 60);
  if (draw.coin()) use_adam(s, 0.003);
  return s;
}

Specimen cosine_usual(Draw& draw, bool) {
  Specimen s = sound(draw);
  s.config.schedule = "cosine";
  s.config.warmup_steps = draw.pick({0, 20});
  return s;
}

Specimen step_schedule(Draw& draw, bool) {
  Specimen s = sound(draw);
  s.config.schedule = "step:120,0.1";
  return s;
}

Specimen clips_rarely(Draw& draw, bool) {
  Specimen s = sound(draw);
  s.config.clip_norm = draw.real(1, 5);
  return s;
}

/// The norm is held at every step, at a size with which the rate agrees.
Specimen clips_always(Draw& draw, bool) {
  Specimen s = sound(draw);
  s.config.clip_norm = draw.real(0.2, 0.4);
  return s;
}

/// A rate at which the first steps are large and do no harm.
Specimen large_first_steps(Draw& draw, bool) {
  Specimen s = on_table(draw);
  const int width = draw.integer(96, 128);
  use_sgd(s, draw.real(0.3, 0.5), 0);
  s.config.network = chain(s, 2, width, "relu");
  return s;
}

Specimen converged(Draw& draw, bool) {
  Specimen s = on_table(draw);
  const int width = draw.integer(64, 96);
  s.config.steps = 600;
  use_sgd(s, 0.1);
  s.config.network = chain(s, 2, width, "relu");
  return s;
}

Specimen converged_values(Draw& draw, bool) {
  TableSize size;
  size.n = draw.integer(900, 1500);
  size.in = draw.integer(3, 6);
  Specimen s = on_values(draw);
  for (Dataset* part : {&s.data.train, &s.data.validation}) {
    // The sum of the columns: a line fits it to the last bit.
    part->y = Tensor({part->size(), 1}, DType::f32);
    const auto columns = part->x.shape().row_size();
    for (std::int64_t i = 0; i < part->size(); ++i) {
      float sum = 0;
      for (std::int64_t c = 0; c < columns; ++c)
        sum += part->x.as<float>()[static_cast<std::size_t>(i * columns + c)];
      part->y.as<float>()[static_cast<std::size_t>(i)] = sum / 2;
    }
  }
  s.config.network = "dense 1";
  s.config.init = "lecun_normal";
  s.config.steps = 500;
  use_sgd(s, 0.3, 0);
  return s;
}

Specimen resumed(Draw& draw, bool) {
  Specimen s = sound(draw);
  if (draw.coin()) use_adam(s, 0.002);
  s.surgery = trained_start(s.config, s.data, draw.integer(100, 400));
  return s;
}

Specimen resumed_converged(Draw& draw, bool) {
  Specimen s = on_table(draw);
  const int width = draw.integer(64, 96);
  s.config.network = chain(s, 2, width, "relu");
  use_sgd(s, 0.1);
  s.surgery = trained_start(s.config, s.data, 700);
  s.config.steps = 200;
  return s;
}

/// Trained on one task, then at a lower rate on another with the same shape.
Specimen fine_tuned(Draw& draw, bool) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(2, 4), width = draw.integer(32, 64);
  s.config.network = chain(s, depth, width, "relu");
  TableSize size;
  size.in = s.data.train.x.shape().row_size();
  size.classes = s.data.train.classes;
  s.surgery = trained_start(s.config, hold_out(make_clusters(size, draw.seed())), 300);
  use_sgd(s, 0.02);
  return s;
}

Specimen overfitted_slightly(Draw& draw, bool) {
  Specimen s = on_table(draw);
  const int width = draw.integer(64, 128);
  use_adam(s, 0.003);
  s.config.network = chain(s, 2, width, "relu");
  return s;
}

/// Thirty samples, known by heart: nothing is wrong with the gradient.
Specimen overfitted(Draw& draw, bool) {
  Specimen s = on_table(draw);
  const int width = draw.integer(128, 200), kept = draw.integer(24, 40);
  use_adam(s, 0.003);
  s.config.network = chain(s, 2, width, "relu");
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < kept; ++i) rows.push_back(i);
  s.data.train = s.data.train.select(rows);
  s.config.batch = 16;
  return s;
}

Specimen large_batch(Draw& draw, bool) {
  Specimen s = sound(draw);
  s.config.batch = 256;
  s.config.steps = 150;
  return s;
}

Specimen small_batch(Draw& draw, bool) {
  Specimen s = sound(draw);
  s.config.batch = draw.integer(4, 8);
  use_sgd(s, 0.01, 0.9);
  return s;
}

Specimen whole_batch(Draw& draw, bool) {
  Specimen s = sound(draw);
  s.config.batch = s.data.train.size();
  s.config.steps = 100;
  use_adam(s, 0.01);
  return s;
}

}  // namespace

std::vector<Kind> healthy_trainer_kinds() {
  using enum Family;
  return {
      {"sgd_plain", trainer, "sgd without momentum", {}, sgd_plain},
      {"sgd_nesterov", trainer, "sgd with Nesterov momentum", {}, sgd_nesterov},
      {"adam_usual", trainer, "adam at a usual rate", {}, adam_usual},
      {"adamw_usual", trainer, "adamw with a usual decay", {}, adamw_usual},
      {"rmsprop_usual", trainer, "rmsprop at a usual rate", {}, rmsprop_usual},
      {"decay_usual", trainer, "sgd with a usual weight decay", {}, decay_usual},
      {"warmup_usual", trainer, "a warm-up of a tenth of the training", {}, warmup_usual},
      {"cosine_usual", trainer, "a cosine to zero", {}, cosine_usual},
      {"step_schedule", trainer, "a rate that falls twice", {}, step_schedule},
      {"clips_rarely", trainer, "clipping that hardly ever bites", {}, clips_rarely},
      {"clips_always",
       trainer,
       "clipping that bites at most steps and does no harm",
       {},
       clips_always},
      {"large_first_steps", trainer, "large first steps that do no harm", {}, large_first_steps},
      {"converged", trainer, "trained until nothing is left to learn", {}, converged},
      {"converged_values", trainer, "a linear regression to the last bit", {}, converged_values},
      {"resumed", trainer, "gone on with from trained weights", {}, resumed},
      {"resumed_converged",
       trainer,
       "gone on with after nothing was left to learn",
       {},
       resumed_converged},
      {"fine_tuned", trainer, "trained on another task first", {}, fine_tuned},
      {"overfitted_slightly",
       trainer,
       "fits training better than validation, which is still good",
       {},
       overfitted_slightly},
      {"overfitted", trainer, "thirty samples known by heart", {}, overfitted},
      {"large_batch", trainer, "batches of 256", {}, large_batch},
      {"small_batch", trainer, "batches of four to eight", {}, small_batch},
      {"whole_batch", trainer, "all samples in one batch", {}, whole_batch},
  };
}

}  // namespace plumb::zoo
