// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/words/signal_words.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "plumb/diagnose/words/data_names.h"
#include "plumb/diagnose/words/data_words.h"
#include "plumb/diagnose/words/loop_words.h"
#include "plumb/diagnose/words/sizes.h"

namespace plumb::words {

namespace {

std::string mean_and_deviation(const Telling& telling, Quantity mean, Quantity deviation) {
  return fmt::format("mean {:.3g}, deviation {:.3g}", telling.value(mean),
                     telling.value(deviation));
}

/// " The loss starts at 92.4, where the best constant answer has 1.39."
std::string start_text(const Telling& telling) {
  if (!telling.has(Quantity::loss_at_first)) return {};
  return fmt::format(" The loss starts at {:.3g}, where the best constant answer has {:.3g}.",
                     telling.value(Quantity::loss_at_first),
                     telling.value(Quantity::baseline_loss));
}

std::string column_scale(const Telling& telling) {
  return fmt::format("{} of the inputs is {:.3g} times as large as the others ({}).{}",
                     capitalised(column_text(telling)), telling.value(Quantity::column_factor),
                     mean_and_deviation(telling, Quantity::column_mean, Quantity::column_deviation),
                     start_text(telling));
}

std::string column_scale_does(const Telling&) {
  return "It outweighs the others in every unit of the first layer, and the rate that it allows is "
         "far too small for what the others have to teach.";
}

std::string input_scale(const Telling& telling) {
  const bool small = telling.has(Quantity::small_input_rms);
  if (telling.has(Quantity::shift_in_deviations)) {
    return fmt::format(
        "The inputs lie {:.3g} times as far from 0 as they differ from each other: rms {:.3g} and "
        "mean {:.3g}, where 1 and 0 are right.{}",
        telling.value(Quantity::shift_in_deviations),
        telling.value(small ? Quantity::small_input_rms : Quantity::input_rms),
        telling.value(Quantity::input_mean), start_text(telling));
  }
  return fmt::format("The inputs have rms {:.3g} and mean {:.3g}, where 1 and 0 are right.{}",
                     telling.value(small ? Quantity::small_input_rms : Quantity::input_rms),
                     telling.value(Quantity::input_mean), start_text(telling));
}

std::string input_scale_does(const Telling& telling) {
  if (telling.has(Quantity::shift_in_deviations)) {
    return "Every sample pushes the first weights the same way, far more than the samples differ: "
           "the rate has to be that much smaller, too small for what tells them apart.";
  }
  return telling.has(Quantity::small_input_rms)
             ? "The first layer hardly feels the input, and its gradient is that much smaller."
             : "The outputs and the gradient of the first layer are that much larger, and most of "
               "the training goes into undoing it.";
}

std::string target_scale(const Telling& telling) {
  return fmt::format(
      "{} are far from mean 0 and deviation 1: {}.", capitalised(target_text(telling)),
      mean_and_deviation(telling, Quantity::target_mean, Quantity::target_deviation));
}

std::string target_scale_does(const Telling& telling) {
  return telling.has(Quantity::small_target_rms)
             ? "The gradients are as small as the targets, and so is what there is to gain."
         : telling.info.loss == "mse"
             ? "The outputs begin near 0 and have to travel there, one step of the learning rate "
               "at "
               "a time, while the gradients are as large as the targets."
             : "The outputs begin near 0 and have to travel there, one step of the learning rate "
               "at "
               "a time.";
}

std::string output_scale(const Telling& telling) {
  return fmt::format("The outputs start too large, with rms {:.3g}.{}",
                     telling.value(Quantity::output_rms), start_text(telling));
}

std::string output_scale_does(const Telling&) {
  return "The network is sure of wrong answers before it has seen anything: its first steps go "
         "into "
         "unlearning them, and are as large as they are wrong.";
}

std::string collapsed_signal(const Telling& telling) {
  if (telling.has(Quantity::directions)) {
    return fmt::format(
        "In {} the samples lie along one direction ({:.3g}), where those that it reads spread over "
        "{:.3g}.",
        telling.where(Quantity::directions), telling.value(Quantity::directions),
        telling.value(Quantity::directions_before));
  }
  return fmt::format(
      "All samples look alike in {}: the mean cosine of two of them is {:.4f}, where the data have "
      "{:.2g}, and what is left of their differences lies along {:.2g} directions, where the data "
      "have {:.2g}.",
      telling.where(Quantity::similarity), telling.value(Quantity::similarity),
      telling.value(Quantity::input_similarity), telling.value(Quantity::few_directions),
      telling.value(Quantity::directions_before));
}

std::string collapsed_signal_does(const Telling& telling) {
  if (telling.has(Quantity::directions)) {
    return "The layers behind it see one number of each sample.";
  }
  return "The output hardly depends on the input: what the last layers learn holds for all samples "
         "alike.";
}

std::string constant_features(const Telling& telling) {
  const long long constant = telling.count(Quantity::columns_affected);
  const long long all = telling.count(Quantity::columns);
  if (constant == all) return "All samples are equal: no column of the inputs ever changes.";
  const std::string much =
      telling.has(Quantity::column_factor)
          ? fmt::format(" What never changes is {:.3g} times as large as all that does.",
                        telling.value(Quantity::column_factor))
          : std::string();
  if (constant == 1) {
    return fmt::format("{} is {:.3g} for every sample.{}", capitalised(column_text(telling)),
                       telling.value(Quantity::column_mean), much);
  }
  return fmt::format("{} of {} columns are the same for every sample; the first is {}.{}", constant,
                     all, column_text(telling), much);
}

std::string constant_features_do(const Telling& telling) {
  if (telling.count(Quantity::columns_affected) == telling.count(Quantity::columns)) {
    return "The answer is the same for every sample; nothing can be learned of the input.";
  }
  return telling.has(Quantity::column_factor)
             ? "It tells nothing, and every sample pushes its weights the same way: the rate has "
               "to "
               "be that much smaller, too small for what the other columns have to teach."
             : "It tells nothing, and acts as a second bias.";
}

std::string end_kind(const Telling& telling) {
  return telling.kind_at(telling.finding.place, "activation");
}

std::string logits_activation(const Telling& telling) {
  std::string text = fmt::format("A {} stands before {}, which takes logits", end_kind(telling),
                                 telling.info.loss);
  if (telling.has(Quantity::loss_floor)) {
    text += fmt::format(": with it the loss cannot get below {:.3g}",
                        telling.value(Quantity::loss_floor));
    if (telling.has(Quantity::baseline_loss)) {
      text += fmt::format(" (the best constant answer has {:.3g})",
                          telling.value(Quantity::baseline_loss));
    }
  }
  return text + ".";
}

/// What a loss that takes logits makes probabilities of them with.
std::string_view own_of(const Telling& telling) {
  return telling.info.loss == "cross_entropy" ? "softmax" : "sigmoid";
}

bool is_applied_twice(const Telling& telling) { return end_kind(telling) == own_of(telling); }

std::string logits_activation_does(const Telling& telling) {
  return is_applied_twice(telling)
             ? "The loss applies its own already. Squashed twice, no answer is ever sure, and the "
               "gradient is that of a flat function."
             : "Answers beyond that range cannot be given, and where it is flat no gradient "
               "passes.";
}

std::string output_range(const Telling& telling) {
  const double low = telling.value(Quantity::output_low);
  const double high = telling.value(Quantity::output_high);
  const std::string range = std::isinf(high) ? fmt::format("above {:.3g} alone", low)
                                             : fmt::format("from {:.3g} to {:.3g}", low, high);
  return fmt::format(
      "The {} at the output says values {}, and the targets go from {:.3g} to {:.3g}.",
      end_kind(telling), range, telling.value(Quantity::target_smallest),
      telling.value(Quantity::target_largest));
}

std::string output_range_does(const Telling&) {
  return "What lies beyond is never reached; the outputs stick to the end of the range, where the "
         "slope is next to nothing.";
}

std::string no_activation(const Telling& telling) {
  const long long pairs = telling.count(Quantity::linear_pairs);
  const long long all = telling.count(Quantity::layers_judged);
  if (pairs == all) {
    return "There is no activation between the layers with weights: together they are one linear "
           "map.";
  }
  return fmt::format(
      "There is no activation in {} of {} places between layers with weights, the "
      "first of them in front of {}.",
      pairs, all, telling.names.where(telling.finding.place));
}

std::string no_activation_does(const Telling&) {
  return "Two linear layers in a row can say no more than one, and what is not linear in the data "
         "cannot be learned.";
}

std::string missing_outputs(const Telling& telling) {
  return fmt::format("The network has {}, and the labels name {} classes.",
                     count_text(telling.count(Quantity::outputs), "output"),
                     telling.count(Quantity::classes));
}

std::string missing_outputs_do(const Telling&) {
  return "The classes beyond the last output can never be answered.";
}

std::string tiny_normalisation(const Telling& telling) {
  const long long values = telling.count(Quantity::values_normalised);
  return fmt::format("{} takes its mean and deviation over {}.",
                     capitalised(telling.names.where(telling.finding.place)),
                     count_text(values, "value"));
}

std::string tiny_normalisation_do(const Telling& telling) {
  const long long values = telling.count(Quantity::values_normalised);
  if (values <= 1) {
    return "A value minus itself is zero: nothing of the input passes, and no gradient comes back.";
  }
  return values == 2 ? "Of two values it leaves which is the larger one, and nothing else."
                     : "The mean and deviation of so few are mostly noise, and other ones in each "
                       "step.";
}

std::string starving_dropout(const Telling& telling) {
  return fmt::format("The dropout at {} drops {} of the values: {:.2g} of {} units are left.",
                     telling.names.where(telling.finding.place),
                     percent_text(telling.value(Quantity::dropped_fraction)),
                     telling.value(Quantity::units_left), telling.count(Quantity::units));
}

std::string starving_dropout_does(const Telling&) {
  return "From step to step another handful of units decides, and what they agree on is drowned in "
         "noise.";
}

std::string closed_units(const Telling& telling) {
  const std::string where = telling.names.where(telling.finding.place);
  if (telling.has(Quantity::scale_rms)) {
    return fmt::format("The scale of {} is {:.2g}: what it passes on is next to nothing.", where,
                       telling.value(Quantity::scale_rms));
  }
  const long long layers = telling.count(Quantity::layers_affected);
  return fmt::format(
      "What {} reads lies {:.2g} deviations below zero, on the closed side: its slope f' is {} of "
      "the usual{}.",
      where, -telling.value(Quantity::shift_in_deviations),
      size_text(telling.value(Quantity::closed_log2)),
      layers > 1 ? fmt::format("; so it is in {} layers", layers) : "");
}

std::string closed_units_do(const Telling& telling) {
  return telling.has(Quantity::scale_rms)
             ? "The layers in front of it get that much less of the gradient, and those behind it "
               "see the same for every sample."
             : "Closed units pass neither the signal nor the gradient: the layers in front of them "
               "hardly learn.";
}

using Say = std::string (*)(const Telling&);
struct Row {
  std::string_view rule;
  Say symptom;
  Say consequence;
};

constexpr std::array kRules{Row{"column_scale", column_scale, column_scale_does},
                            Row{"input_scale", input_scale, input_scale_does},
                            Row{"target_scale", target_scale, target_scale_does},
                            Row{"output_scale", output_scale, output_scale_does},
                            Row{"logits_activation", logits_activation, logits_activation_does},
                            Row{"output_range", output_range, output_range_does},
                            Row{"missing_outputs", missing_outputs, missing_outputs_do},
                            Row{"constant_features", constant_features, constant_features_do},
                            Row{"no_activation", no_activation, no_activation_does},
                            Row{"tiny_normalisation", tiny_normalisation, tiny_normalisation_do},
                            Row{"starving_dropout", starving_dropout, starving_dropout_does},
                            Row{"closed_units", closed_units, closed_units_do},
                            Row{"collapsed_signal", collapsed_signal, collapsed_signal_does},
                            Row{"constant_targets", constant_targets, constant_targets_do},
                            Row{"sorted_batches", sorted_batches, sorted_batches_do},
                            Row{"training_loop", training_loop, training_loop_does},
                            Row{"collinear_columns", collinear_columns, collinear_columns_do}};

const Row* row_of(const Telling& telling) {
  for (const Row& row : kRules) {
    if (row.rule == telling.finding.rule) return &row;
  }
  return nullptr;
}

}  // namespace

std::string signal_symptom(const Telling& telling) {
  const Row* row = row_of(telling);
  return row == nullptr ? std::string() : row->symptom(telling);
}

std::string signal_consequence(const Telling& telling) {
  const Row* row = row_of(telling);
  return row == nullptr ? std::string() : row->consequence(telling);
}

std::string signal_cause(const Telling& telling) {
  const Row* row = row_of(telling);
  if (row == nullptr) return {};
  const std::string where = telling.names.where(telling.finding.cause.place);
  switch (telling.finding.cause.kind) {
    case CauseKind::data:
      if (row->rule == "target_scale") return "The targets come to the loss in their own unit.";
      if (row->rule == "column_scale") {
        return "The columns come to the network each in its own unit.";
      }
      return row->rule == "input_scale" ? "The inputs come to the network as they are."
                                        : "The data hold it so.";
    case CauseKind::large_weight:
      return telling.has(Quantity::gain)
                 ? fmt::format("The weight of {} has a gain of {:.3g}, and what it reads is large.",
                               where, telling.value(Quantity::gain))
                 : fmt::format("What {} gives is too large.", where);
    case CauseKind::large_bias:
      return telling.has(Quantity::bias_mean)
                 ? fmt::format("The biases in front of it average {:.3g}.",
                               telling.value(Quantity::bias_mean))
                 : fmt::format("The biases of {} have rms {:.3g}.", where,
                               telling.value(Quantity::bias_rms));
    case CauseKind::norm_shift:
      return fmt::format("The shift of the normalisation in front of it averages {:.3g}.",
                         telling.value(Quantity::bias_mean));
    case CauseKind::norm_scale: return "The scale of the normalisation (gamma) is next to zero.";
    case CauseKind::rank: return "The weight has rank one, or nearly.";
    case CauseKind::depth:
      return fmt::format(
          "Each of the {} layers brings the samples a little closer together, and "
          "nothing takes them apart again.",
          telling.count(Quantity::layers_crossed));
    case CauseKind::output_activation:
      return row->rule == "output_range"
                 ? fmt::format("The range of {} does not hold the targets.", end_kind(telling))
             : is_applied_twice(telling)
                 ? fmt::format("The {} is part of the network and of the loss as well.",
                               end_kind(telling))
                 : fmt::format(
                       "The loss applies its own {} to numbers of any sign and size, and the {} "
                       "bounds them.",
                       own_of(telling), end_kind(telling));
    case CauseKind::no_activation:
      return fmt::format("Nothing that is not linear follows {}.", where);
    case CauseKind::few_outputs: return "The last layer is narrower than there are classes.";
    case CauseKind::normalisation: {
      const LayerId layer = layer_at(telling.info, telling.finding.cause.place);
      const bool over_batch =
          layer != kNoLayer && telling.info.layer(layer).running_momentum.has_value();
      return over_batch ? fmt::format("The batch has {}.", count_text(telling.info.batch, "sample"))
                        : "The layer is that narrow.";
    }
    case CauseKind::dropout: return "The rate is that high, or the layer that narrow.";
    default: break;
  }
  return {};
}

}  // namespace plumb::words
