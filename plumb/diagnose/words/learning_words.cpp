// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/words/learning_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "plumb/diagnose/words/sizes.h"

namespace plumb::words {

namespace {

std::string loss_at(const Telling& telling, Quantity quantity) {
  return loss_text(telling.value(quantity));
}

std::string percent_at(const Telling& telling, Quantity quantity) {
  return percent_text(telling.value(quantity));
}

/// "; the best constant answer has 2.303".
std::string baseline_text(const Telling& telling) {
  return telling.has(Quantity::baseline_loss)
             ? "; the best constant answer has " + loss_at(telling, Quantity::baseline_loss)
             : std::string();
}

}  // namespace

std::string zero_gradient_symptom(const Telling& telling) {
  const Finding& finding = telling.finding;
  const std::string until =
      finding.over ? fmt::format("to step {}", finding.last_step) : std::string("on");
  if (!finding.place.is_layer()) {
    return fmt::format(
        "From step {} {} the loss gives no gradient: that of the network's output is zero "
        "everywhere, at a loss of {}.",
        finding.first_step, until, loss_at(telling, Quantity::loss_at_last));
  }
  return fmt::format(
      "From step {} {} {} is flat for every sample, so it passes no gradient and no weight gets "
      "any, at a loss of {}.",
      finding.first_step, until, telling.names.where(finding.place),
      loss_at(telling, Quantity::loss_at_last));
}

std::string not_learning_symptom(const Telling& telling) {
  if (telling.finding.cause.kind == CauseKind::no_gradient) {
    return "There is nothing to train.";
  }
  if (telling.finding.cause.kind == CauseKind::data) {
    return fmt::format("There is nothing to learn: all {} training samples have the same answer.",
                       telling.info.data_info ? telling.info.data_info->samples : 0);
  }
  return fmt::format("The network has not learned: after {} the loss is {}{}.",
                     count_text(telling.count(Quantity::steps_taken), "step"),
                     loss_at(telling, Quantity::loss_at_last), baseline_text(telling));
}

std::string diverging_symptom(const Telling& telling) {
  return fmt::format("After {} the loss is {}, where it was {} from step {} on{}.",
                     count_text(telling.count(Quantity::steps_taken), "step"),
                     loss_at(telling, Quantity::loss_at_last),
                     loss_at(telling, Quantity::best_loss), telling.count(Quantity::best_at_step),
                     baseline_text(telling));
}

std::string overfitting_symptom(const Telling& telling) {
  if (telling.has(Quantity::validation_accuracy)) {
    return fmt::format(
        "The network has {} of the training samples right and {} of the validation samples.",
        percent_at(telling, Quantity::training_accuracy),
        percent_at(telling, Quantity::validation_accuracy));
  }
  return fmt::format("The loss is {} in training and {} in validation{}.",
                     loss_at(telling, Quantity::loss_at_last),
                     loss_at(telling, Quantity::validation_loss), baseline_text(telling));
}

std::string running_statistics_symptom(const Telling& telling) {
  const char* const why =
      "in use a normalisation takes its running statistics, and they are not those of the batches";
  if (telling.has(Quantity::inference_accuracy)) {
    return fmt::format(
        "The network has {} of the training samples right as it trains and {} of them as it is "
        "used: {}.",
        percent_at(telling, Quantity::training_accuracy),
        percent_at(telling, Quantity::inference_accuracy), why);
  }
  return fmt::format("The loss of the training samples is {} as it trains and {} in use: {}.",
                     loss_at(telling, Quantity::loss_at_last),
                     loss_at(telling, Quantity::inference_loss), why);
}

std::string zero_gradient_consequence(const Telling& telling) {
  return telling.finding.over ? "While it lasted nothing was learned."
                              : "Nothing is learned from there on: only weight decay, or what an "
                                "optimiser remembers, still moves a weight.";
}

std::string not_learning_consequence(const Telling& telling) {
  if (telling.finding.cause.kind == CauseKind::no_gradient) {
    return "What it answers at the end is what it answered at the start.";
  }
  if (telling.finding.cause.kind == CauseKind::data) {
    return "A constant is always right on them, and a loss that falls says nothing of the network.";
  }
  return "More steps alone promise little: the last quarter of them was no better than the quarter "
         "before.";
}

std::string diverging_consequence(const Telling&) {
  return "What it had learned at its best is lost.";
}

std::string overfitting_consequence(const Telling&) {
  return "What was learned by heart does not carry over to other samples; the gradient is not to "
         "blame.";
}

std::string running_statistics_consequence(const Telling&) {
  return "Validation and use see another network than the one that was trained.";
}

std::string ruled_out_text(const Telling& telling) {
  std::vector<std::string> out;
  if (const Fact* flow = telling.fact(Quantity::flow_log2)) {
    out.push_back(
        fmt::format("a gradient that does not arrive (it keeps {} times its size from {} "
                    "back to {})",
                    size_text(flow->value), telling.names.where(flow->reference),
                    telling.names.where(flow->place)));
  }
  if (telling.has(Quantity::median_update_log2)) {
    out.push_back(
        fmt::format("steps that are too large (the median layer moves by {} of its "
                    "weight a step)",
                    size_text(telling.value(Quantity::median_update_log2))));
  }
  if (telling.has(Quantity::dead_fraction)) {
    out.push_back(fmt::format("dead units ({} in the worst layer)",
                              percent_at(telling, Quantity::dead_fraction)));
  }
  if (telling.has(Quantity::saturated_fraction)) {
    out.push_back(fmt::format("saturated units ({} of the values in the worst layer)",
                              percent_at(telling, Quantity::saturated_fraction)));
  }
  const std::string unknown = "Its cause is not known.";
  return out.empty() ? unknown : fmt::format("{} Ruled out: {}.", unknown, fmt::join(out, ", "));
}

std::string running_statistics_cause(const Telling& telling) {
  const double momentum = telling.value(Quantity::running_momentum);
  const std::string where = telling.where(Quantity::running_momentum);
  const double memory = telling.value(Quantity::running_memory);
  if (telling.finding.cause.kind == CauseKind::slow_running_statistics) {
    return fmt::format(
        "The momentum of {} is {:.3g}: after {} {} of what its statistics started with is still in "
        "them.",
        where, momentum, count_text(telling.count(Quantity::steps_taken), "step"),
        percent_text(memory));
  }
  return fmt::format(
      "The momentum of {} is {:.3g}, enough for so many steps ({} of the start is left): the "
      "network moves faster than its statistics follow, or the batches differ from each other.",
      where, momentum, percent_text(memory));
}

}  // namespace plumb::words
