// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "plumb/diagnose/words/loop_words.h"
#include "plumb/diagnose/words/sentences.h"
#include "plumb/diagnose/words/sizes.h"

namespace plumb::words {

namespace {

double number(const Remedy& remedy, std::string_view name) {
  const double* value = remedy.number(name);
  return value == nullptr ? std::numeric_limits<double>::quiet_NaN() : *value;
}

std::string text(const Remedy& remedy, std::string_view name) {
  const std::string* value = remedy.text(name);
  return value == nullptr ? std::string() : *value;
}

bool has(const Remedy& remedy, std::string_view name) {
  return remedy.number(name) != nullptr || remedy.text(name) != nullptr;
}

std::string condition(const Remedy& remedy) {
  return text(remedy, "if") == "it_began_in_training" ? ", if it began during training" : "";
}

bool is_recurrent(const Telling& telling, const Place& place) {
  const LayerId layer = layer_at(telling.info, place);
  return layer != kNoLayer && telling.info.layer(layer).family == LayerFamily::recurrent;
}

std::string look_closer(const Telling& telling, const Remedy& remedy) {
  const std::string at = text(remedy, "at");
  if (at == "end_of_gradient") {
    return "look at the layer where the gradient ends: its weights may be zero, or its units all "
           "dead";
  }
  if (at == "its_gradient") {
    return "find out why its gradient is small: the ledger shows where it is lost";
  }
  if (at == "vanishing_gradient") {
    return "residual shortcuts, the critical gain, another activation: see vanishing_gradient";
  }
  if (at == "whether_it_vanishes") {
    return "see whether the gradient is small because it vanishes on its way";
  }
  if (at == "training_loop") return mend_loop(remedy);
  if (at == "zero_derivative") {
    return fmt::format(
        "{} has a derivative of zero, or gives a gradient of zero back: take it out of the way to "
        "the loss, or pass the gradient on as it is (straight through; Bengio et al. 2013)",
        telling.names.where(remedy.target));
  }
  if (at == "layers_with_weights") return "give the network layers with weights, such as dense";
  return "look closer at " + telling.names.where(remedy.target);
}

std::string gain_text(const Telling& telling, const Remedy& remedy) {
  if (!has(remedy, "gain")) {
    return fmt::format(
        "initialise so that a layer keeps the size of the gradient; measured is a gain of {:.3g}",
        number(remedy, "measured_gain"));
  }
  std::string how = fmt::format("gain {:.3g}", number(remedy, "gain"));
  if (has(remedy, "scheme")) how = text(remedy, "scheme") + " (" + how + ")";
  const std::string source = text(remedy, "source");
  return fmt::format(
      "initialise with {}, which keeps the size of the gradient in {} layers{}; measured is a gain "
      "of {:.3g}",
      how, telling.kind_at(remedy.target, "linear"),
      source.empty() ? "" : fmt::format(" ({})", source), number(remedy, "measured_gain"));
}

std::string initialise(const Telling& telling, const Remedy& remedy) {
  if (text(remedy, "if") == "activation_stays") {
    return fmt::format("if {} must stay: {} with gain {:.4g}, its critical one",
                       telling.kind_at(remedy.target, "it"), text(remedy, "scheme"),
                       number(remedy, "gain"));
  }
  if (text(remedy, "for") == "slope") {
    return fmt::format("bring the pre-activations back to where {} has a slope: {}",
                       telling.kind_at(remedy.target, "the activation"),
                       gain_text(telling, remedy));
  }
  if (has(remedy, "measured_gain")) return gain_text(telling, remedy);
  if (has(remedy, "scheme"))
    return fmt::format("initialise with {} (mean 0)", text(remedy, "scheme"));
  return "initialise with the critical gain of the activation (he_normal for relu)";
}

std::string replace_activation(const Telling& telling, const Remedy& remedy) {
  const std::string old = telling.kind_at(remedy.target, "the activation");
  const std::string by = text(remedy, "activation");
  if (text(remedy, "for") == "signal") {
    return fmt::format(
        "replace {} by {} with {} weights, which keeps samples apart over many layers", old, by,
        text(remedy, "scheme"));
  }
  if (has(remedy, "or_activation")) {
    return fmt::format(
        "replace {} by {} with {}, or by {} with {}: both pass the gradient whole where they are "
        "active",
        old, by, text(remedy, "scheme"), text(remedy, "or_activation"), text(remedy, "or_scheme"));
  }
  if (has(remedy, "scheme")) {
    return fmt::format("replace {} by {} with {}, which has no flat end on its active side", old,
                       by, text(remedy, "scheme"));
  }
  return fmt::format("replace {} by {}, elu or gelu, whose units cannot die", old, by);
}

/// A rate that was measured is the same advice whether it is higher or lower.
std::string rate_text(const Remedy& remedy) {
  if (text(remedy, "because") == "it_is_summed") {
    return fmt::format("take the mean of the loss over the batch, or divide the rate by {:.0f}",
                       number(remedy, "samples"));
  }
  if (!has(remedy, "rate")) return "lower the learning rate" + condition(remedy);
  return fmt::format("set the learning rate to {:.2g}, the best of those tried",
                     number(remedy, "rate"));
}

std::string clip_norm(const Telling& telling, const Remedy& remedy) {
  if (is_recurrent(telling, remedy.target)) {
    return fmt::format(
        "clip the gradient's norm (--clip-norm {:.2g}): the usual remedy against explosions "
        "through "
        "time (Pascanu, Mikolov, Bengio 2013)",
        number(remedy, "at"));
  }
  if (has(remedy, "at")) {
    return fmt::format("clip the gradient's norm at a few times its usual size ({:.2g})",
                       number(remedy, "at"));
  }
  if (text(remedy, "treats") == "symptom") {
    return "clip the gradient's norm (treats the symptom, the gain remains wrong)";
  }
  return "clip the gradient's norm" + condition(remedy);
}

std::string like_others(const Telling& telling, const Remedy& remedy) {
  const std::string where = telling.names.where(remedy.target);
  switch (telling.finding.cause.kind) {
    case CauseKind::odd_derivative:
      return fmt::format(
          "give {} what the others have: the same activation, at the same scale of "
          "its input",
          where);
    case CauseKind::odd_normalisation:
      return fmt::format("start the scale (gamma) of {} as that of the others, at 1", where);
    case CauseKind::odd_branch: return fmt::format("start {} as the others", where);
    default: break;
  }
  return fmt::format("initialise {} as the others, with a gain of {:.3g}", where,
                     number(remedy, "gain"));
}

std::string remove_layer(const Telling& telling, const Remedy& remedy) {
  const std::string where = telling.names.where(remedy.target);
  if (text(remedy, "because") != "it_normalises_rows") {
    return fmt::format("remove {}, or put another layer in its place", where);
  }
  return fmt::format(
      "remove {}, or put an activation such as relu or gelu in its place: a {} belongs behind the "
      "last layer, where the loss makes it anyway",
      where, telling.kind_at(remedy.target, "softmax"));
}

std::string open_gate(const Remedy& remedy) {
  if (has(remedy, "carry_bias")) {
    const double bias = number(remedy, "carry_bias");
    return fmt::format(
        "start the gates of the blocks so that they carry {} of what comes in: highway bias={:.3g} "
        "(Srivastava et al. 2015)",
        percent_text(1 / (1 + std::exp(bias))), bias);
  }
  const bool forget = text(remedy, "gate") == to_string(TimeQuantity::forget_gate);
  if (has(remedy, "forget_bias")) {
    return fmt::format(
        "raise the bias of the forget gate: forget_bias=1 halves in 2.2 steps and is the usual "
        "start, forget_bias={:.2g} keeps a memory of the whole sequence",
        number(remedy, "forget_bias"));
  }
  const double chrono = number(remedy, "chrono");
  return fmt::format(
      "open the {} gate for this length: {} {:.0f} chrono={:.0f} (Tallec and Ollivier 2018), which "
      "spreads memories from 1 to {:.0f} steps",
      forget ? "forget" : "update", forget ? "lstm" : "gru", number(remedy, "units"), chrono,
      chrono);
}

std::string gated_cell(const Remedy& remedy) {
  const double units = number(remedy, "units");
  if (!has(remedy, "chrono")) {
    return fmt::format("use a gated cell: lstm {:.0f} or gru {:.0f}", units, units);
  }
  const double chrono = number(remedy, "chrono");
  return fmt::format("use a gated cell: lstm {:.0f} chrono={:.0f} or gru {:.0f} chrono={:.0f}",
                     units, chrono, units, chrono);
}

}  // namespace

std::string remedy(const Telling& telling, const Remedy& remedy) {
  switch (remedy.kind) {
    case RemedyKind::look_closer: return look_closer(telling, remedy);
    case RemedyKind::initialise: return initialise(telling, remedy);
    case RemedyKind::random_weights:
      return text(remedy, "if") == "it_is_not_meant"
                 ? "if it is not meant, initialise it with random weights"
                 : "initialise with random weights: glorot_normal for tanh and sigmoid, he_normal "
                   "for relu; biases may start at zero, weights of hidden layers may not";
    case RemedyKind::orthogonal_start:
      return "initialise orthogonally: then no direction is shrunk or stretched more than another";
    case RemedyKind::zero_branch_end:
      return "start the last layer of each branch at zero (Fixup; Zhang et al. 2019)";
    case RemedyKind::set_bias:
      if (has(remedy, "value") && remedy.target.of == Place::Of::parameter) {
        const bool is_shift = telling.info.param(remedy.target.id).use == ParamUse::shift;
        return fmt::format("start the {} of {} at {:.2g}", is_shift ? "shifts" : "biases",
                           telling.names.where(remedy.target), number(remedy, "value"));
      }
      if (has(remedy, "value") && remedy.target.is_layer()) {
        return fmt::format("start the biases in front of {} at {:.2g}",
                           telling.names.where(remedy.target), number(remedy, "value"));
      }
      return "set the biases to zero or slightly positive";
    case RemedyKind::replace_activation: return replace_activation(telling, remedy);
    case RemedyKind::add_residual:
      return "put a residual shortcut around every one or two layers: res[...]";
    case RemedyKind::scale_branch:
      return fmt::format("scale the branches by about 1/sqrt({:.0f}) (res scale={:.2g}[...])",
                         number(remedy, "blocks"), number(remedy, "scale"));
    case RemedyKind::add_normalisation:
      if (text(remedy, "at") == "branch") {
        return "normalise within the branches, before their layers, and leave the shortcut as it "
               "is (pre-norm; Xiong et al. 2020)";
      }
      return "normalise the inputs of the layers (batch or layer normalisation)";
    case RemedyKind::scale_inputs:
      if (text(remedy, "by") == "column") {
        return "scale each column of the inputs to mean 0 and deviation 1 over the training part "
               "(--standardise)";
      }
      return "scale the inputs to mean 0 and variance 1";
    case RemedyKind::fewer_layers:
      if (text(remedy, "for") == "signal") return "fewer layers";
      return "fewer layers: no initialisation helps, since normalisation undoes its size";
    case RemedyKind::remove_layer: return remove_layer(telling, remedy);
    case RemedyKind::widen: return "widen the narrowest layers";
    case RemedyKind::lower_rate: return rate_text(remedy);
    case RemedyKind::raise_rate:
      if (has(remedy, "rate")) return rate_text(remedy);
      return "raise the learning rate until updates are about a thousandth of the weights";
    case RemedyKind::warm_up: return "warm the rate up over the first steps";
    case RemedyKind::clip_norm: return clip_norm(telling, remedy);
    case RemedyKind::lower_dropout:
      if (has(remedy, "rate")) {
        return fmt::format(
            "lower the dropout rate (a tenth to a half is usual, {:.1g} to begin with)",
            number(remedy, "rate"));
      }
      return "lower the dropout rate";
    case RemedyKind::scale_targets:
      return text(remedy, "to") == "range" ? "or scale the targets into the range of the output"
                                           : "scale the targets to mean 0 and deviation 1 "
                                             "(--standardise does it, and reports "
                                             "the loss in the unit of the data)";
    case RemedyKind::drop_activation:
      return fmt::format(
          "take {} away: the loss takes the output of the last linear layer as it is",
          telling.names.where(remedy.target));
    case RemedyKind::add_activation:
      return fmt::format("put an activation (relu with he_normal) behind {}",
                         telling.names.where(remedy.target));
    case RemedyKind::drop_columns:
      return "leave out the columns that never change, and see how the data were made";
    case RemedyKind::more_outputs:
      return fmt::format("give the last layer {:.0f} outputs", number(remedy, "units"));
    case RemedyKind::decorrelate_columns:
      return "take out what the columns have in common: subtract their mean from each, or keep the "
             "principal components and scale them alike";
    case RemedyKind::larger_batch: return "use a larger batch";
    case RemedyKind::shuffle:
      return "draw a new order of the samples for each epoch (--shuffle true)";
    case RemedyKind::drop_normalisation:
      return text(remedy, "by") == "ln"
                 ? "or normalise over the features (ln), which asks nothing of the batch"
                 : "take that normalisation away";
    case RemedyKind::set_scale:
      return fmt::format("start the scale of the normalisation at {:.2g}", number(remedy, "value"));
    case RemedyKind::lower_weight_decay:
      return has(remedy, "to") ? fmt::format("lower the weight decay: {:.2g} is usual, or none",
                                             number(remedy, "to"))
                               : "lower the weight decay";
    case RemedyKind::lower_eps: return "lower the optimiser's eps to its usual 1e-8";
    case RemedyKind::raise_clip:
      return "raise the limit at which gradients are clipped to a few times their usual size, or "
             "leave clipping away";
    case RemedyKind::longer_schedule:
      return "keep the rate up for longer: let the schedule end with the run, or leave it away";
    case RemedyKind::shorter_warm_up: return "shorten the warm-up to a tenth of the run at most";
    case RemedyKind::lower_momentum:
      return fmt::format("lower the momentum to {:.2g}, or the rate with it", number(remedy, "to"));
    case RemedyKind::like_others: return like_others(telling, remedy);
    case RemedyKind::adaptive_optimiser:
      return "an optimiser that scales each layer for itself (adam), which treats the symptom";
    case RemedyKind::raise_eps: return "raise the optimiser's eps";
    case RemedyKind::loss_from_logits:
      return "compute the loss from logits (log-sum-exp), not from probabilities";
    case RemedyKind::check_targets: return "check the targets";
    case RemedyKind::clean_data:
      return "clean the data: drop or fill the samples that hold NaN or infinity";
    case RemedyKind::check_labels:
      return "see whether the labels belong to their samples, and whether the inputs say anything "
             "about them";
    case RemedyKind::set_momentum:
      return fmt::format("give {} a momentum of {:.3g}", telling.names.where(remedy.target),
                         number(remedy, "value"));
    case RemedyKind::stop_early:
      return fmt::format("stop at about step {:.0f}, where validation was best",
                         number(remedy, "at"));
    case RemedyKind::regularise: return "restrain the network: weight decay, dropout, fewer units";
    case RemedyKind::more_data: return "more training samples, or variations of those there are";
    case RemedyKind::train_on:
      return telling.finding.rule == "vanishing_gradient"
                 ? fmt::format("train a few steps and judge those: plumb train --steps {:.0f}",
                               number(remedy, "steps"))
                 : fmt::format("train longer: --steps {:.0f}", number(remedy, "steps"));
    case RemedyKind::record_more:
      return "record every step around this one to see the growth before it";
    case RemedyKind::scale_loss:
      return telling.value(Quantity::loss_scale_log2) > 0
                 ? "scale the loss by more, and let the scale grow (GradScaler)"
                 : "multiply the loss by a scale, and divide the gradients by it before the update "
                   "(GradScaler)";
    case RemedyKind::wider_format:
      return "keep gradients in bfloat16, which has the range of float, or in float";
    case RemedyKind::open_gate: return open_gate(remedy);
    case RemedyKind::gated_cell: return gated_cell(remedy);
    case RemedyKind::orthogonal_recurrence:
      return has(remedy, "keep")
                 ? "keep the recurrent weight near its orthogonal start: a lower learning rate"
                 : "start the recurrent weight orthogonally (recurrent=orthogonal, gain 1), so "
                   "that "
                   "it neither shrinks nor stretches";
    case RemedyKind::identity_recurrence:
      return fmt::format(
          "rnn {:.0f} irnn: relu with the identity as recurrent weight (Le, Jaitly, Hinton 2015)",
          number(remedy, "units"));
    case RemedyKind::smaller_weights:
      if (text(remedy, "for") == "output") {
        return fmt::format("start {} with smaller weights (glorot_normal, or zeros), biases 0",
                           telling.names.where(remedy.target));
      }
      return is_recurrent(telling, remedy.target)
                 ? "start with smaller weights (PyTorch's 1/sqrt(units), or recurrent=orthogonal)"
                 : "initialise the weights smaller: gain 1 for tanh (glorot_normal), biases 0";
    case RemedyKind::shorten_sequence:
      return "shorten the sequence: skip, pool or sum up time steps before the layer";
    case RemedyKind::truncate:
      return "cut the gradient every K steps (bptt=K), which also cuts what can be learned to K "
             "steps";
    case RemedyKind::raise_truncation:
      return "raise bptt, or leave it away: the gradient is cut before every window of that many "
             "steps";
    case RemedyKind::none_needed:
      return text(remedy, "if") == "a_window_is_enough"
                 ? "keep the truncation, knowing that nothing longer than a window is learned"
                 : "if only the last steps matter for the task, nothing is lost";
  }
  return {};
}

}  // namespace plumb::words
