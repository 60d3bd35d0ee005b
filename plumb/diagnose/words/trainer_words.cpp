// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "plumb/diagnose/words/sentences.h"
#include "plumb/diagnose/words/sizes.h"

namespace plumb::words {

namespace {

std::string size_at(const Telling& telling, Quantity quantity) {
  return size_text(telling.value(quantity));
}

bool is_adaptive(const Telling& telling) {
  return telling.info.optimiser_info && telling.info.optimiser_info->is_adaptive();
}

std::string clipping_text(const Telling& telling) {
  if (telling.has(Quantity::clip_value)) {
    return fmt::format(
        "Clipping takes the gradient away: it cuts every value at {:.2g}, where those of {} have "
        "rms {}.",
        telling.value(Quantity::clip_value), telling.where(Quantity::clip_value),
        size_at(telling, Quantity::gradient_rms_log2));
  }
  return fmt::format(
      "Clipping takes the gradient away: it multiplies every gradient by {:.2g}, at a learning "
      "rate of {:.2g}.",
      telling.value(Quantity::clip_factor), telling.value(Quantity::learning_rate));
}

std::string decay_text(const Telling& telling) {
  if (!telling.has(Quantity::weight_decay)) {
    return "Most of the update is weight decay, not a gradient of the loss.";
  }
  if (!telling.has(Quantity::decay_fraction)) {
    return fmt::format("The weight decay of {:.2g} is larger than the gradient of the loss.",
                       telling.value(Quantity::weight_decay));
  }
  const double fraction = telling.value(Quantity::decay_fraction);
  return fmt::format(
      "Weight decay takes {} of every weight in each step (a decay of {:.2g} at a learning rate "
      "of {:.2g}), which the loss does not make up for.",
      fraction < 0.01 ? size_text(std::log2(fraction)) : percent_text(fraction),
      telling.value(Quantity::weight_decay), telling.value(Quantity::learning_rate));
}

std::string summed_text(const Telling& telling) {
  if (!telling.has(Quantity::loss_over_baseline)) return {};
  return fmt::format(
      " The first loss is {:.3g} times what a constant answer has for one sample, and a batch has "
      "{}: it seems to be a sum, which makes the rate as many times larger.",
      telling.value(Quantity::loss_over_baseline),
      count_text(telling.count(Quantity::window_samples), "sample"));
}

std::string rate_text(const Telling& telling) {
  if (is_adaptive(telling) && telling.has(Quantity::weight_rms_log2)) {
    return fmt::format(
        "The learning rate {:.2g} is too high: {} moves every weight by about the rate, whatever "
        "the size of its gradient, and these weights have rms {}.",
        telling.value(Quantity::learning_rate), telling.info.optimiser_info->kind,
        size_at(telling, Quantity::weight_rms_log2));
  }
  return fmt::format(
      "The learning rate {:.2g} is too high for gradients of this size{}.{}",
      telling.value(Quantity::learning_rate),
      telling.value(Quantity::clip_factor) < 1 ? ", although clipping already shortens them" : "",
      summed_text(telling));
}

std::string small_rate_text(const Telling& telling) {
  if (telling.value(Quantity::learning_rate) == 0) {
    return "The learning rate is 0: no step changes anything.";
  }
  if (is_adaptive(telling)) {
    return fmt::format(
        "The learning rate ({:.2g}) is too small: {} moves a weight by no more than the rate in "
        "a step.",
        telling.value(Quantity::learning_rate), telling.info.optimiser_info->kind);
  }
  return fmt::format("The learning rate ({:.2g}) is too small for gradients of this size.",
                     telling.value(Quantity::learning_rate));
}

}  // namespace

std::string trainer_cause(const Telling& telling) {
  switch (telling.finding.cause.kind) {
    case CauseKind::learning_rate: return rate_text(telling);
    case CauseKind::small_rate: return small_rate_text(telling);
    case CauseKind::weight_decay: return decay_text(telling);
    case CauseKind::clipping: return clipping_text(telling);
    case CauseKind::large_eps:
      return fmt::format(
          "The optimiser's eps of {:.2g} takes the update away: it is added to the size of the "
          "gradient, which is {} at {}.",
          telling.value(Quantity::eps), size_at(telling, Quantity::gradient_rms_log2),
          telling.where(Quantity::gradient_rms_log2));
    case CauseKind::decayed_rate:
      return fmt::format(
          "The schedule takes the rate away too early: from {:.2g} at the start to {:.2g} at "
          "step {} of {}.",
          telling.value(Quantity::asked_rate), telling.value(Quantity::learning_rate),
          telling.finding.first_step, telling.count(Quantity::steps_taken));
    case CauseKind::long_warm_up:
      return fmt::format(
          "The warm-up is longer than the run: it takes {} steps to the rate of {:.2g}, which "
          "got no further than {:.2g}.",
          telling.count(Quantity::warmup_steps), telling.value(Quantity::asked_rate),
          telling.value(Quantity::learning_rate));
    case CauseKind::momentum:
      return fmt::format(
          "A momentum of {:.4g} adds up the gradients of many steps: the learning rate of {:.2g} "
          "works as one of {:.2g}.",
          telling.value(Quantity::momentum), telling.value(Quantity::learning_rate),
          telling.value(Quantity::effective_rate));
    default: break;
  }
  return {};
}

}  // namespace plumb::words
