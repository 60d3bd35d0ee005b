// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "plumb/diagnose/depth_flow.h"

namespace plumb {

namespace {

constexpr double kSqrt2 = 1.4142135623730951;

const ActivationTraits* traits_of(const RunInfo& info, const DepthFlow& flow) {
  if (flow.activation == kNoLayer) return nullptr;
  const auto& traits = info.layer(flow.activation).traits;
  return traits ? &*traits : nullptr;
}

Place activation_place(const DepthFlow& flow) {
  return flow.activation == kNoLayer ? Place{} : Place::layer(flow.activation);
}

double part_of(const DepthFlow& flow, CauseKind kind) {
  switch (kind) {
    case CauseKind::activation_derivative: return flow.derivative;
    case CauseKind::weight_scale: return flow.weight;
    case CauseKind::weights_and_derivatives: return flow.together;
    case CauseKind::residual_branch: return flow.residual;
    case CauseKind::alignment: return flow.alignment;
    case CauseKind::normalisation: return flow.normalisation;
    case CauseKind::other_layers: return flow.other;
    case CauseKind::single_layer:
    case CauseKind::row_normalisation: return flow.single_log2;
    default: return flow.log2_judged();
  }
}

/// The gain that keeps the size of a gradient: that of a linear layer where no activation follows.
std::optional<double> critical_gain(const RunInfo& info, const DepthFlow& flow) {
  if (flow.activation == kNoLayer && flow.unjudged == kNoLayer) return 1.0;
  const ActivationTraits* traits = traits_of(info, flow);
  return traits == nullptr ? std::nullopt : traits->critical_gain;
}

Remedy initialise(const RunInfo& info, const DepthFlow& flow) {
  Remedy remedy{RemedyKind::initialise, activation_place(flow), {}, {}};
  if (const auto gain = critical_gain(info, flow)) {
    remedy.arguments.emplace_back("gain", *gain);
    if (std::abs(*gain - kSqrt2) < 1e-6) remedy.arguments.emplace_back("scheme", "he_normal");
    if (*gain == 1) remedy.arguments.emplace_back("scheme", "lecun_normal");
  }
  if (const ActivationTraits* traits = traits_of(info, flow);
      traits != nullptr && !traits->gain_source.empty()) {
    remedy.arguments.emplace_back("source", traits->gain_source);
  }
  remedy.arguments.emplace_back("measured_gain", std::exp2(flow.mean_log2_gain));
  return remedy;
}

/// A network that starts with the gain that would be advised has nothing to change there.
bool has_critical_gain(const RunInfo& info, const DepthFlow& flow) {
  constexpr double kAsGood = 0.074;  // 5 %
  const auto gain = critical_gain(info, flow);
  return gain && std::abs(flow.mean_log2_gain - std::log2(*gain)) < kAsGood;
}

/// A bounded activation keeps its gradient only within its slope: a gain that makes its small slope
/// good drives it into its flat ends.
bool would_saturate(const RunInfo& info, const DepthFlow& flow) {
  const ActivationTraits* traits = traits_of(info, flow);
  const auto gain = critical_gain(info, flow);
  constexpr double kMostGain = 2;
  return traits != nullptr && traits->saturates.value_or(false) && gain && *gain > kMostGain;
}

/// Where a gate decides how much of the shortcut passes, no scale of a branch does.
bool are_highways(const RunInfo& info) {
  return !info.blocks.empty() &&
         std::all_of(info.blocks.begin(), info.blocks.end(),
                     [](const BlockInfo& block) { return block.kind == "highway"; });
}

/// The bias of a highway's gate that is usual at the start: it carries 88 % of what comes in.
/// Source  Srivastava, Greff and Schmidhuber 2015, "Training Very Deep Networks": -1 to -10.
constexpr double kCarryBias = -2;

Remedy of(RemedyKind kind, std::vector<Remedy::Argument> arguments = {}) {
  return {kind, {}, std::move(arguments), {}};
}

Remedy replace(const DepthFlow& flow, std::vector<Remedy::Argument> arguments) {
  return {RemedyKind::replace_activation, activation_place(flow), std::move(arguments), {}};
}

std::vector<Remedy> derivative_remedies(const RunInfo& info, const DepthFlow& flow) {
  const ActivationTraits* traits = traits_of(info, flow);
  if (flow.log2_judged() >= 0) {
    return {initialise(info, flow), of(RemedyKind::add_normalisation)};
  }
  // Of one that never passes half of the gradient that is the cause, whatever else it may do.
  const Remedy relu = replace(flow, {{"activation", "relu"}, {"scheme", "he_normal"}});
  if (traits != nullptr && traits->max_derivative && std::log2(*traits->max_derivative) < -0.5) {
    std::vector<Remedy> remedies{replace(flow, {{"activation", "tanh"},
                                                {"scheme", "glorot_normal"},
                                                {"or_activation", "relu"},
                                                {"or_scheme", "he_normal"}}),
                                 of(RemedyKind::add_residual), of(RemedyKind::add_normalisation)};
    if (traits->critical_gain && !would_saturate(info, flow)) {
      remedies.push_back({RemedyKind::initialise,
                          activation_place(flow),
                          {{"scheme", "lecun_normal"},
                           {"gain", *traits->critical_gain},
                           {"if", "activation_stays"}},
                          {}});
    }
    return remedies;
  }
  if (traits != nullptr && traits->can_die.value_or(false)) {
    return {replace(flow, {{"activation", "leaky_relu"}}), of(RemedyKind::lower_rate),
            of(RemedyKind::set_bias, {{"value", 0.0}}), of(RemedyKind::add_residual)};
  }
  Remedy back = initialise(info, flow);
  back.arguments.emplace_back("for", "slope");
  return {back, of(RemedyKind::scale_inputs), of(RemedyKind::add_normalisation), relu};
}

}  // namespace

FindingCause flow_cause(const RunInfo& info, const DepthFlow& flow) {
  FindingCause cause;
  cause.kind = main_cause(flow);
  if (flow.stops()) {
    cause.place = Place::layer(flow.bottom);
    if (flow.ends_at_output) cause.place.role = grad_role(info.layer(flow.bottom));
    return cause;
  }
  cause.place = activation_place(flow);
  if (cause.kind == CauseKind::weights_and_derivatives) cause.place = Place::layer(flow.unjudged);
  const bool is_single =
      cause.kind == CauseKind::single_layer || cause.kind == CauseKind::row_normalisation;
  if (is_single) cause.place = Place::layer(flow.single);
  cause.share = part_of(flow, cause.kind) / flow.log2_judged();
  cause.facts = {{Quantity::mean_log2_gain, flow.mean_log2_gain, {}, {}},
                 {Quantity::weight_log2, flow.weight, {}, {}},
                 {Quantity::derivative_log2, flow.derivative, {}, {}}};
  const auto add = [&](Quantity quantity, double value, Place place = {}) {
    cause.facts.push_back({quantity, value, place, {}});
  };
  if (flow.activation != kNoLayer || flow.unjudged != kNoLayer) {
    add(Quantity::mean_log2_derivative, flow.mean_log2_derivative);
  }
  if (cause.kind == CauseKind::weights_and_derivatives) {
    add(Quantity::together_log2_per_layer, flow.together / std::max(1, flow.linear_together));
    if (flow.undoes_weights) add(Quantity::normalisations, flow.normalisations);
  } else {
    const ActivationTraits* traits = traits_of(info, flow);
    if (traits != nullptr && traits->usual_log2_derivative) {
      add(Quantity::usual_log2_derivative, *traits->usual_log2_derivative, cause.place);
    }
    if (traits != nullptr && traits->max_derivative) {
      add(Quantity::max_log2_derivative, std::log2(*traits->max_derivative), cause.place);
    }
  }
  if (const auto gain = critical_gain(info, flow)) add(Quantity::critical_gain, *gain, cause.place);
  if (cause.kind == CauseKind::residual_branch) {
    add(Quantity::residual_blocks, flow.residual_blocks);
    add(Quantity::residual_log2_per_block, flow.residual / std::max(1, flow.residual_blocks));
  }
  if (is_single) add(Quantity::layers_affected, flow.single_layers);
  if (cause.kind == CauseKind::normalisation) {
    add(Quantity::normalisation_log2_per_layer,
        flow.normalisation / std::max(1, flow.normalisations));
  }
  return cause;
}

namespace {

/// What the branch and the shortcut bring together is normalised before it goes on (post-norm), so
/// that no way leads around the normalisations.
bool normalises_joins(const RunInfo& info) {
  return std::any_of(info.layers.begin(), info.layers.end(), [&](const LayerInfo& layer) {
    if (layer.family != LayerFamily::normalisation || layer.inputs.size() != 1) return false;
    return info.layer(layer.inputs[0].from).family == LayerFamily::residual &&
           std::none_of(info.layers.begin(), info.layers.end(), [&](const LayerInfo& other) {
             return &other != &layer &&
                    std::any_of(other.inputs.begin(), other.inputs.end(), [&](const Edge& edge) {
                      return edge.from == layer.inputs[0].from;
                    });
           });
  });
}

/// By the cause alone, the best first.
std::vector<Remedy> remedies_by_cause(const RunInfo& info, const DepthFlow& flow) {
  const bool loss = flow.log2_judged() < 0;
  const Remedy residual = of(RemedyKind::add_residual);
  const Remedy clip = of(RemedyKind::clip_norm);
  switch (main_cause(flow)) {
    case CauseKind::activation_derivative: return derivative_remedies(info, flow);
    case CauseKind::weight_scale:
      return {initialise(info, flow), of(RemedyKind::add_normalisation),
              loss ? residual : of(RemedyKind::clip_norm, {{"treats", "symptom"}})};
    case CauseKind::weights_and_derivatives:
      return {of(RemedyKind::add_normalisation), loss ? residual : clip};
    case CauseKind::alignment:
      return {of(RemedyKind::orthogonal_start), loss ? residual : clip, of(RemedyKind::widen)};
    case CauseKind::residual_branch: {
      if (are_highways(info)) {
        return {of(RemedyKind::open_gate, {{"carry_bias", kCarryBias}}),
                of(RemedyKind::add_normalisation)};
      }
      const double blocks = std::max(1, flow.residual_blocks);
      return {of(RemedyKind::scale_branch, {{"scale", 1 / std::sqrt(blocks)}, {"blocks", blocks}}),
              of(RemedyKind::zero_branch_end)};
    }
    case CauseKind::normalisation:
      if (normalises_joins(info)) {
        return {of(RemedyKind::add_normalisation, {{"at", "branch"}}), of(RemedyKind::warm_up),
                of(RemedyKind::fewer_layers)};
      }
      return {residual, of(RemedyKind::fewer_layers), of(RemedyKind::warm_up)};
    case CauseKind::row_normalisation:
      return {{RemedyKind::remove_layer,
               Place::layer(flow.single),
               {{"because", "it_normalises_rows"}},
               {}},
              loss ? residual : clip};
    case CauseKind::single_layer:
      return {{RemedyKind::remove_layer, Place::layer(flow.single), {}, {}},
              loss ? residual : clip};
    case CauseKind::other_layers: {
      std::vector<Remedy> remedies{loss ? residual : clip};
      const bool drops =
          std::any_of(info.layers.begin(), info.layers.end(),
                      [](const LayerInfo& layer) { return layer.family == LayerFamily::dropout; });
      if (drops) remedies.insert(remedies.begin(), of(RemedyKind::lower_dropout));
      return remedies;
    }
    case CauseKind::gradient_is_zero:
      if (info.layer(flow.bottom).family == LayerFamily::other) {
        return {
            {RemedyKind::look_closer, Place::layer(flow.bottom), {{"at", "zero_derivative"}}, {}}};
      }
      break;
    default: break;
  }
  return {of(RemedyKind::random_weights),
          {RemedyKind::look_closer, Place::layer(flow.bottom), {{"at", "end_of_gradient"}}, {}},
          residual};
}

}  // namespace

std::vector<Remedy> flow_remedies(const RunInfo& info, const DepthFlow& flow) {
  std::vector<Remedy> remedies = remedies_by_cause(info, flow);
  const bool in_force = has_critical_gain(info, flow);
  const bool harmful = would_saturate(info, flow);
  const auto dropped = std::erase_if(remedies, [&](const Remedy& remedy) {
    return remedy.kind == RemedyKind::initialise && (in_force || harmful);
  });
  if (dropped == 0 || !in_force || flow.activation == kNoLayer) return remedies;
  // The gain is right and the gradient is lost all the same: the way or the activation has to go.
  const RemedyKind first =
      flow.log2_judged() < 0 ? RemedyKind::add_residual : RemedyKind::add_normalisation;
  std::erase_if(remedies, [&](const Remedy& remedy) { return remedy.kind == first; });
  remedies.insert(remedies.begin(), of(first));
  const bool replaces = std::any_of(remedies.begin(), remedies.end(), [](const Remedy& remedy) {
    return remedy.kind == RemedyKind::replace_activation;
  });
  const ActivationTraits* traits = traits_of(info, flow);
  const bool is_relu = traits != nullptr && traits->can_die.value_or(false);
  if (!replaces && !is_relu) {
    remedies.push_back(replace(flow, {{"activation", "relu"}, {"scheme", "he_normal"}}));
  }
  return remedies;
}

}  // namespace plumb
