// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plumb/diagnose/activation_facts.h"
#include "plumb/diagnose/depth_flow.h"
#include "plumb/diagnose/words.h"

namespace plumb {

namespace {

constexpr const char* kNormalise =
    "normalise the inputs of the layers (batch or layer normalisation)";

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
  return share > 1.0 ? "more than all of it (the rest makes up for some)"
                     : percent_text(share) + " of it";
}

/// True if f' is well below what this activation can pass at its best: it sits in its flat parts.
bool is_saturated(const Activation& activation, const DepthFlow& flow) {
  return flow.mean_log2_derivative < activation.log2_max - 1.0;
}

std::string gain_advice(const Activation& activation, const DepthFlow& flow) {
  if (activation.facts.critical_gain <= 0) return "initialise so that the layer's gain is near 1";
  std::string how = fmt::format("gain {:.3g}", activation.facts.critical_gain);
  if (activation.name == "relu") how = "he_normal (" + how + ")";
  if (activation.name == "tanh" || activation.name == "selu") how = "lecun_normal (" + how + ")";
  return fmt::format(
      "initialise with {}, which keeps the size of the gradient in {} layers{}; "
      "measured is a gain of {:.3g}",
      how, activation.facts.gain_source.empty() ? "linear" : activation.name,
      activation.facts.gain_source.empty() ? ""
                                           : fmt::format(" ({})", activation.facts.gain_source),
      std::exp2(flow.mean_log2_gain));
}

}  // namespace

std::string cause_text(const RunInfo& info, const DepthFlow& flow) {
  if (!flow.ends_because.empty()) {
    return fmt::format("At {}, {}.", layer_text(info, flow.bottom), flow.ends_because);
  }
  const Activation activation = activation_of(info, flow);
  const std::string derivative = size_text(flow.mean_log2_derivative);
  switch (main_cause(flow)) {
    case FlowCause::derivative: {
      std::string text =
          fmt::format("The activation derivative does {}: f' of {} averages {}",
                      share_text(flow.derivative, flow), activation.name, derivative);
      if (activation.log2_max < -0.5) {
        text += fmt::format(" a layer and is never above {}", size_text(activation.log2_max));
      } else if (activation.facts.expected_log2_derivative < 0) {
        text += fmt::format(" a layer where {} is normal",
                            size_text(activation.facts.expected_log2_derivative));
      } else if (is_saturated(activation, flow)) {
        text += " a layer, for it is saturated";
      } else {
        text += " a layer";
      }
      return text + fmt::format("; the weights multiply by {}.", size_text(flow.mean_log2_gain));
    }
    case FlowCause::weight: {
      std::string text = fmt::format(
          "The size of the weights does {}: a layer's gain averages {} where {} needs {}.",
          share_text(flow.weight, flow), size_text(flow.mean_log2_gain), activation.name,
          size_text(-activation.facts.expected_log2_derivative));
      if (std::abs(flow.derivative) >= 0.25 * std::abs(flow.weight)) {
        text += fmt::format(" The activation derivative ({} a layer) has a part in it too.",
                            derivative);
      }
      return text;
    }
    case FlowCause::alignment:
      return fmt::format(
          "Alignment does {}: weights and derivatives have ordinary sizes, but this gradient "
          "points into the directions that they {}.",
          share_text(flow.alignment, flow), flow.log2_total < 0 ? "shrink" : "stretch");
    case FlowCause::residual:
      return fmt::format(
          "The residual blocks do {}: each of {} multiplies the gradient by {}, because its branch "
          "{} its shortcut.",
          share_text(flow.residual, flow), flow.residual_blocks,
          size_text(flow.residual / std::max(1, flow.residual_blocks)),
          flow.log2_total < 0 ? "cancels part of" : "adds to");
    case FlowCause::normalisation: {
      std::string text = fmt::format(
          "The normalisation, with the weights whose size it undoes, does {}: a layer multiplies "
          "by "
          "{}.",
          share_text(flow.normalisation, flow),
          size_text(flow.normalisation / std::max(1, flow.normalisations)));
      if (flow.log2_total > 0 && flow.activation == "relu") {
        text +=
            " Behind batch normalisation with relu about 1.21 is the law of random weights (Yang "
            "et al. 2019).";
      }
      return text;
    }
    case FlowCause::other: break;
  }
  return fmt::format("Normalisation, dropout and reshaping do {}.", share_text(flow.other, flow));
}

std::vector<std::string> remedies_for(const RunInfo& info, const DepthFlow& flow) {
  const Activation activation = activation_of(info, flow);
  const bool loss = flow.log2_total < 0;
  const std::string residual = "put a residual shortcut around every one or two layers: res[...]";
  if (!flow.ends_because.empty()) {
    return {
        "initialise with random weights: glorot_normal for tanh, he_normal for relu",
        "look at the layer where the gradient ends: its weights may be zero, or its units all dead",
        residual};
  }
  switch (main_cause(flow)) {
    case FlowCause::derivative:
      if (!loss) {
        return {gain_advice(activation, flow), kNormalise};
      }
      if (activation.facts.can_die) {
        return {"replace relu by leaky_relu, whose units cannot die",
                "lower the learning rate, and set the biases to zero or slightly positive",
                residual};
      }
      if (activation.log2_max < -0.5) {
        std::vector<std::string> advice{
            fmt::format(
                "replace {} by tanh with glorot_normal, or by relu with he_normal: both pass the "
                "gradient whole where they are active",
                activation.name),
            residual, kNormalise};
        if (activation.facts.critical_gain > 0) {
          advice.push_back(
              fmt::format("if {} must stay: lecun_normal with gain {:.4g}, its critical one",
                          activation.name, activation.facts.critical_gain));
        }
        return advice;
      }
      return {fmt::format("bring the pre-activations back to where {} has a slope: {}",
                          activation.name, gain_advice(activation, flow)),
              "scale the inputs to mean 0 and variance 1", kNormalise,
              "replace the activation by relu with he_normal"};
    case FlowCause::weight:
      return {gain_advice(activation, flow), kNormalise,
              loss ? residual
                   : "clip the gradient's norm (treats the symptom, the gain remains wrong)"};
    case FlowCause::alignment:
      return {"initialise orthogonally: then no direction is shrunk or stretched more than another",
              loss ? residual : "clip the gradient's norm", "widen the narrowest layers"};
    case FlowCause::residual:
      return {fmt::format("scale the branches by about 1/sqrt({}) (res scale={:.2g}[...])",
                          flow.residual_blocks,
                          1 / std::sqrt(std::max(1.0, static_cast<double>(flow.residual_blocks)))),
              "start the last layer of each branch at zero (Fixup; Zhang et al. 2019)"};
    case FlowCause::normalisation:
      return {residual,
              "fewer layers: no initialisation helps, since normalisation undoes its size",
              "warm up the learning rate, so that the first steps of the lowest layers stay small"};
    case FlowCause::other: break;
  }
  return {"lower the dropout rate"};
}

}  // namespace plumb
