// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/rewrites/trainer_settings.h"

#include <algorithm>
#include <cmath>

#include "plumb/cure/rounded.h"

namespace plumb {

namespace {

/// 0 where it is not known.
std::int64_t planned_steps(const Patient& patient) {
  const TrainConfig& config = patient.config;
  if (config.steps > 0) return config.steps;
  if (patient.facts.samples == 0) return 0;
  return config.epochs * std::max<std::int64_t>(1, patient.facts.samples / config.batch);
}

}  // namespace

Rewritten set_rate(const Patient& patient, const CureArguments& arguments) {
  const double* const rate = number_of(arguments, "rate");
  if (rate == nullptr) return Rewritten::refuse("no rate was measured");
  TrainConfig config = patient.config;
  config.learning_rate = *rate;
  return Rewritten::to(std::move(config));
}

Rewritten warm_up(const Patient& patient, const CureArguments& arguments) {
  if (patient.config.warmup_steps > 0) return Rewritten::refuse("there is a warm-up");
  TrainConfig config = patient.config;
  const std::int64_t planned = planned_steps(patient);
  constexpr std::int64_t kUnknown = 100;
  const double* const steps = number_of(arguments, "steps");
  config.warmup_steps = steps != nullptr ? static_cast<std::int64_t>(*steps)
                        : planned > 0    ? std::max<std::int64_t>(1, planned / 10)
                                         : kUnknown;
  return Rewritten::to(std::move(config));
}

Rewritten use_constant_rate(const Patient& patient, const CureArguments&) {
  if (patient.config.schedule == "constant") return Rewritten::refuse("the rate is constant");
  TrainConfig config = patient.config;
  config.schedule = "constant";
  return Rewritten::to(std::move(config));
}

Rewritten shorten_warm_up(const Patient& patient, const CureArguments&) {
  const std::int64_t shorter = planned_steps(patient) / 20;
  if (shorter == 0 || patient.config.warmup_steps <= shorter) {
    return Rewritten::refuse("there is no long warm-up");
  }
  TrainConfig config = patient.config;
  config.warmup_steps = shorter;
  return Rewritten::to(std::move(config));
}

Rewritten use_adam(const Patient& patient, const CureArguments&) {
  if (patient.config.optimiser.name.starts_with("adam")) return Rewritten::refuse("it is adam");
  TrainConfig config = patient.config;
  const OptimiserConfig before = config.optimiser;
  config.optimiser = OptimiserConfig{};
  config.optimiser.name = "adam";
  config.optimiser.weight_decay = before.weight_decay;
  config.optimiser.decay_bias = before.decay_bias;
  constexpr double kUsualRate = 1e-3;
  config.learning_rate = kUsualRate;
  return Rewritten::to(std::move(config));
}

Rewritten usual_optimiser(const Patient& patient, const CureArguments&) {
  TrainConfig config = patient.config;
  const OptimiserConfig usual;
  constexpr double kUsualMomentum = 0.9;
  config.optimiser.momentum = std::min(config.optimiser.momentum, kUsualMomentum);
  config.optimiser.beta1 = usual.beta1;
  config.optimiser.beta2 = usual.beta2;
  config.optimiser.rho = usual.rho;
  config.optimiser.eps = usual.eps;
  const OptimiserConfig& was = patient.config.optimiser;
  const OptimiserConfig& is = config.optimiser;
  if (was.momentum == is.momentum && was.beta1 == is.beta1 && was.beta2 == is.beta2 &&
      was.rho == is.rho && was.eps == is.eps) {
    return Rewritten::refuse("the optimiser has its usual values");
  }
  return Rewritten::to(std::move(config));
}

Rewritten clip_gradient(const Patient& patient, const CureArguments& arguments) {
  const double* const given = number_of(arguments, "at");
  const double at = given != nullptr ? *given : patient.facts.usual_gradient_norm.value_or(0);
  if (!(at > 0) || !std::isfinite(at)) {
    return Rewritten::refuse("no usual size of the gradient is known");
  }
  TrainConfig config = patient.config;
  if (config.clip_norm > 0 && config.clip_norm <= at) {
    return Rewritten::refuse("the gradient is clipped lower already");
  }
  config.clip_norm = rounded(at, 2);
  return Rewritten::to(std::move(config));
}

Rewritten remove_clipping(const Patient& patient, const CureArguments&) {
  TrainConfig config = patient.config;
  if (config.clip_norm == 0 && config.clip_value == 0)
    return Rewritten::refuse("nothing is clipped");
  config.clip_norm = config.clip_value = 0;
  return Rewritten::to(std::move(config));
}

Rewritten lower_weight_decay(const Patient& patient, const CureArguments&) {
  const double usual = patient.config.optimiser.name == "adamw" ? 1e-2 : 1e-4;
  if (patient.config.optimiser.weight_decay <= usual) {
    return Rewritten::refuse("the decay is small or off");
  }
  TrainConfig config = patient.config;
  config.optimiser.weight_decay = usual;
  return Rewritten::to(std::move(config));
}

Rewritten enlarge_batch(const Patient& patient, const CureArguments&) {
  constexpr std::int64_t kUsual = 32;
  if (patient.config.batch >= kUsual ||
      (patient.facts.samples > 0 && patient.config.batch >= patient.facts.samples)) {
    return Rewritten::refuse("the batch is large enough");
  }
  TrainConfig config = patient.config;
  config.batch = kUsual;
  return Rewritten::to(std::move(config));
}

Rewritten shuffle_samples(const Patient& patient, const CureArguments&) {
  if (patient.config.shuffle) return Rewritten::refuse("the order is drawn anew already");
  TrainConfig config = patient.config;
  config.shuffle = true;
  return Rewritten::to(std::move(config));
}

}  // namespace plumb
