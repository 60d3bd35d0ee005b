// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plumb/diagnose/activation_facts.h"
#include "plumb/diagnose/depth_flow.h"
#include "plumb/diagnose/words.h"

namespace plumb {

namespace {

const LayerInfo* activation_layer(const RunInfo& info, const DepthFlow& flow) {
  const auto it = std::find_if(info.layers.begin(), info.layers.end(), [&](const LayerInfo& layer) {
    return layer.family == LayerFamily::activation && layer.kind == flow.activation;
  });
  return it == info.layers.end() ? nullptr : &*it;
}

struct Activation {
  std::string name = "a linear layer";
  ActivationFacts facts;
  double log2_max = 0;
};

Activation activation_of(const RunInfo& info, const DepthFlow& flow) {
  const LayerInfo* layer = activation_layer(info, flow);
  if (layer == nullptr) return {};
  return {layer->kind, activation_facts(*layer), std::log2(layer->max_derivative)};
}

std::string share_text(double part, const DepthFlow& flow) {
  const double share = part / flow.log2_total;
  return share > 1.0 ? fmt::format("{:+.1f} against a total of {:+.1f}", part, flow.log2_total)
                     : percent_text(share) + " of it";
}

/// True if f' is well below what this activation can pass at its best: it sits in its flat parts.
bool is_saturated(const Activation& activation, const DepthFlow& flow) {
  return flow.mean_log2_derivative < activation.log2_max - 1.0;
}

std::string gain_advice(const Activation& activation, const DepthFlow& flow) {
  if (activation.facts.critical_gain <= 0) return "initialise so that the layer's gain is near 1";
  return fmt::format(
      "initialise with gain {:.3g}, the critical one for {} ({}), instead of the measured {:.3g}{}",
      activation.facts.critical_gain, activation.name,
      activation.facts.gain_source.empty() ? "linear layers" : activation.facts.gain_source,
      std::exp2(flow.mean_log2_gain),
      activation.name == "relu"                                ? " (he_normal)"
      : activation.name == "tanh" || activation.name == "selu" ? " (lecun_normal)"
                                                               : "");
}

}  // namespace

std::string cause_text(const RunInfo& info, const DepthFlow& flow) {
  if (!flow.ends_because.empty()) {
    return fmt::format("At layer {} the gradient ends: {}.", flow.bottom, flow.ends_because);
  }
  const Activation activation = activation_of(info, flow);
  switch (main_cause(flow)) {
    case FlowCause::derivative: {
      std::string text =
          fmt::format("The activation derivative takes {}: f' of {} averages {} a layer",
                      share_text(flow.derivative, flow), activation.name,
                      power_text(flow.mean_log2_derivative));
      if (activation.log2_max < -0.5) {
        text += fmt::format(", and even at its best it passes only {}",
                            power_text(activation.log2_max));
      } else if (activation.facts.expected_log2_derivative < 0) {
        text += fmt::format(", where {} is normal",
                            power_text(activation.facts.expected_log2_derivative));
      } else if (is_saturated(activation, flow)) {
        text += "; it is saturated";
      }
      return text + fmt::format("; the weights give {} a layer.", power_text(flow.mean_log2_gain));
    }
    case FlowCause::weight: {
      const double normal = activation.facts.expected_log2_derivative;
      return fmt::format(
          "The size of the weights takes {}: a layer's gain is {:.3g} on average where {} needs "
          "{:.3g}. The "
          "activation derivative ({} a layer) {}.",
          share_text(flow.weight, flow), std::exp2(flow.mean_log2_gain), activation.name,
          std::exp2(-normal), power_text(flow.mean_log2_derivative),
          std::abs(flow.derivative) < 0.25 * std::abs(flow.weight) ? "is normal for it"
                                                                   : "has a part in it too");
    }
    case FlowCause::alignment:
      return fmt::format(
          "Alignment takes {}: weights and derivatives have ordinary sizes, but this gradient "
          "points into the "
          "directions that they {}.",
          share_text(flow.alignment, flow), flow.log2_total < 0 ? "shrink" : "stretch");
    case FlowCause::residual:
      return fmt::format(
          "The residual blocks take {}: {} a block over {}, what the branches {} the shortcuts.",
          share_text(flow.residual, flow),
          power_text(flow.residual / std::max(1, flow.residual_blocks)),
          count_text(flow.residual_blocks, "block"), flow.log2_total < 0 ? "cancel of" : "add to");
    case FlowCause::other: break;
  }
  return fmt::format("Dropout and reshaping take {}.", share_text(flow.other, flow));
}

std::vector<std::string> remedies_for(const RunInfo& info, const DepthFlow& flow) {
  const Activation activation = activation_of(info, flow);
  const bool loss = flow.log2_total < 0;
  const std::string residual =
      "put residual shortcuts around every one or two layers (res[...]), so that the gradient has "
      "a way past them";
  if (!flow.ends_because.empty()) {
    return {
        "initialise with random weights of the right gain (he_normal for relu, glorot_normal for "
        "tanh)",
        "look at the layer where the gradient ends: all-zero weights, or units that are all dead",
        residual};
  }
  switch (main_cause(flow)) {
    case FlowCause::derivative:
      if (!loss) {
        return {gain_advice(activation, flow), "normalise the input of the layers"};
      }
      if (activation.facts.can_die) {
        return {"replace relu by leaky_relu, whose units cannot die",
                "lower the learning rate, and set the biases to zero or slightly positive",
                residual};
      }
      if (activation.log2_max < -0.5) {
        std::vector<std::string> advice{
            fmt::format(
                "replace {} by relu with he_normal, or by tanh with glorot_normal: both pass the "
                "gradient whole where they are active",
                activation.name),
            residual, "normalise the layers' inputs"};
        if (activation.facts.critical_gain > 0) {
          advice.push_back(fmt::format("if {} must stay: its critical gain is {:.4g}",
                                       activation.name, activation.facts.critical_gain));
        }
        return advice;
      }
      return {fmt::format("bring the pre-activations back to where {} has a slope: {}",
                          activation.name, gain_advice(activation, flow)),
              "scale the inputs to mean 0 and variance 1", "normalise the layers' inputs",
              "replace the activation by relu with he_normal"};
    case FlowCause::weight:
      return {gain_advice(activation, flow),
              "normalise the layers' inputs, which takes the gain out of the weights' hands",
              loss ? residual
                   : "clip the gradient's norm; it treats the symptom, the gain remains wrong"};
    case FlowCause::alignment:
      return {"initialise orthogonally: then no direction is shrunk or stretched more than another",
              loss ? residual : "clip the gradient's norm", "widen the narrowest layers"};
    case FlowCause::residual:
      return {fmt::format("scale the branches by about 1/sqrt({}) (res scale={:.2g}[...])",
                          flow.residual_blocks,
                          1 / std::sqrt(std::max(1.0, static_cast<double>(flow.residual_blocks)))),
              "start the last layer of each branch at zero (Fixup; Zhang et al. 2019)"};
    case FlowCause::other: break;
  }
  return {"lower the dropout rate"};
}

}  // namespace plumb
